"""Resampling agrees with its affine on pictures whose exact values are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from media.resample import crop_squares, resample, resample_one
from pipeline.geometry import canvas_affine


def ramp(width: int, height: int) -> NDArray[np.uint8]:
    """Red grows with x, green with y, by exact halves of a grey level where the size allows; blue is 77."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x * 250 / width, y * 250 / height, np.full_like(x, 77)], -1).round().astype(np.uint8)


def blob(width: int, height: int, x: float, y: float, sigma: float) -> NDArray[np.uint8]:
    """A soft white dot whose centre of mass is (x, y)."""
    u, v = np.meshgrid(np.arange(width), np.arange(height))
    value = 255 * np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * sigma**2))
    return np.repeat(value.round().astype(np.uint8)[..., None], 3, axis=2)


def centre(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Centre of mass (x, y) of a picture."""
    weight = picture[..., 0].astype(np.float64)
    v, u = np.mgrid[: weight.shape[0], : weight.shape[1]]
    return np.array([(weight * u).sum() / weight.sum(), (weight * v).sum() / weight.sum()])


@pytest.mark.parametrize(
    ("size", "canvas"),
    [
        ((1920, 1080), (1024, 592)),
        ((640, 480), (896, 672)),
        ((3840, 2160), (1024, 592)),
        ((1000, 1500), (640, 944)),
        ((5000, 700), (336, 48)),
    ],
    ids=["shrink", "enlarge", "shrink_by_blocks", "portrait", "blocks_and_odd_rim"],
)
def test_a_dot_lands_where_the_affine_says(size: tuple[int, int], canvas: tuple[int, int]) -> None:
    affine = canvas_affine(*size, canvas)
    scale = affine[0, 0]
    for share in ((0.5, 0.5), (0.31, 0.47), (0.62, 0.58)):
        point = np.array(share) * size + 0.3
        picture = blob(*size, point[0], point[1], max(3.0, 3.0 / scale))
        landed = centre(resample(picture[None], affine, *canvas)[0])
        expected = affine[:, :2] @ point + affine[:, 2]
        np.testing.assert_allclose(landed, expected, atol=0.03)


@pytest.mark.parametrize("scale", [0.9, 0.5, 0.37, 0.11])
def test_shrinking_averages_and_does_not_alias(scale: float) -> None:
    """A one-pixel chequerboard has nothing to show below its own resolution but its mean."""
    board = (np.indices((300, 400)).sum(0) % 2 * 255).astype(np.uint8)
    picture = np.repeat(board[..., None], 3, axis=2)
    width, height = int(400 * scale), int(300 * scale)
    affine = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5]])
    inner = resample_one(picture, affine, width, height)[2:-2, 2:-2].astype(float)
    assert abs(inner.mean() - 127.5) < 1.5
    assert inner.std() < (60 if scale > 0.5 else 4)  # near 1 a beat of low contrast is right


def test_identity_gives_the_picture() -> None:
    picture = ramp(160, 96)
    np.testing.assert_array_equal(resample_one(picture, np.eye(2, 3), 160, 96), picture)


def test_edges_of_the_canvas_are_not_darkened() -> None:
    white = np.full((1, 1080, 1920, 3), 255, np.uint8)
    for canvas in ((1024, 592), (2048, 1152)):
        assert resample(white, canvas_affine(1920, 1080, canvas), *canvas).min() == 255


@pytest.mark.parametrize("side", [50, 224, 800], ids=["enlarge", "same", "shrink"])
def test_a_face_box_that_leaves_the_picture_is_padded_black(side: int) -> None:
    white = np.full((1, 300, 300, 3), 255, np.uint8)
    box = np.array([[-side / 4 - 0.5, -side / 2 - 0.5, 3 * side / 4 - 0.5, side / 2 - 0.5]], np.float32)
    (crop,) = crop_squares(white, box, np.array([True]), 224)
    inside = min(224, 56 + round(300 / side * 224)), min(224, 112 + round(300 / side * 224))
    assert crop[112 : inside[1], 56 : inside[0]].min() == 255
    outside = np.ones((224, 224), bool)
    outside[112 : inside[1], 56 : inside[0]] = False
    assert crop[outside].max() == 0


def test_face_boxes_far_outside_and_invalid_faces_are_black() -> None:
    white = np.full((3, 60, 80, 3), 255, np.uint8)
    boxes = np.array([[500, 500, 600, 600], [0, 0, 40, 40], [0, 0, 40, 40]], np.float32)
    crops = crop_squares(white, boxes, np.array([True, False, True]), 224)
    assert crops.shape == (3, 224, 224, 3)
    assert [int(crop.max()) for crop in crops] == [0, 0, 255]


def test_a_face_box_spans_the_crop_from_edge_to_edge() -> None:
    picture = blob(400, 300, 130.25, 90.5, sigma=8)
    boxes = np.array([[100, 60, 160, 120]], np.float32)
    (crop,) = crop_squares(picture[None], boxes, np.array([True]), 224)
    expected = (np.array([130.25, 90.5]) - [100, 60]) * 224 / 60 - 0.5
    u = crop[..., 0].astype(float)
    peak = np.unravel_index(u.argmax(), u.shape)[::-1]
    np.testing.assert_allclose(peak, expected, atol=4)  # the dot is flat on top
    np.testing.assert_allclose(centre(np.where(crop > 128, crop, 0).astype(np.uint8)), expected, atol=0.1)
