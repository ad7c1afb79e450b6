"""Strokes and balls against answers known from geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from schemas.raster import draw_ball, draw_strokes

WHITE = [[255.0, 255.0, 255.0]]


def stroke(start, stop, radius, shape=(60, 80), colour=WHITE):
    canvas = np.zeros((*shape, 3), np.uint8)
    draw_strokes(
        canvas[None], np.array([[start]]), np.array([[stop]]), np.array([[radius]]), np.array([colour])
    )
    return canvas


def test_level_stroke_fills_its_rows_and_half_of_the_pixels_on_its_edge():
    column = stroke((5, 20), (60, 20), 3)[:, 30, 0]
    assert column[16:25].tolist() == [0, 128, 255, 255, 255, 255, 255, 128, 0]


@pytest.mark.parametrize("degrees", [0, 1, 30, 45, 77, 90, 133, 180, 270, 301])
def test_stroke_covers_the_area_of_a_capsule_whatever_its_slope(degrees):
    along = 20 * np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    middle = np.array([40.3, 29.6])
    covered = stroke(middle - along, middle + along, 3.5)[..., 0].sum() / 255
    assert covered == pytest.approx(2 * 3.5 * 40 + math.pi * 3.5**2, rel=0.01)


def test_stroke_of_no_length_is_a_dot():
    dot = stroke((40.25, 29.75), (40.25, 29.75), 6)[..., 0] / 255
    y, x = np.mgrid[0:60, 0:80]
    assert dot.sum() == pytest.approx(math.pi * 36, rel=0.01)
    assert (dot * x).sum() / dot.sum() == pytest.approx(40.25, abs=0.02)
    assert (dot * y).sum() / dot.sum() == pytest.approx(29.75, abs=0.02)


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        ((-30, 20), (120, 41)),  # crosses the whole picture
        ((40, 30), (41, 500)),
        ((-5, -5), (90, 66)),
        ((78.5, 10), (78.5, 50)),  # along the border
        ((-3, 10), (-3, 50)),  # only its edge is inside
    ],
)
def test_what_is_inside_of_a_stroke_that_leaves_the_picture_is_drawn_as_on_a_larger_picture(start, stop):
    wide = stroke(np.add(start, 100), np.add(stop, 100), 4, shape=(800, 400))[100:160, 100:180]
    np.testing.assert_allclose(stroke(start, stop, 4).astype(int), wide.astype(int), atol=1)


def test_ends_may_be_very_far_away():
    np.testing.assert_array_equal(stroke((-1e7, 20), (1e7, 20), 3), stroke((-100, 20), (200, 20), 3))
    assert not stroke((1e7, 1e7), (1e7, 2e7), 3).any()


def test_the_later_stroke_lies_over_the_earlier_and_blends_with_it_at_its_edge():
    canvas = np.zeros((40, 40, 3), np.uint8)
    ends = np.array([[[0, 20], [39, 20]], [[20, 0], [20, 39]]], float)
    colour = np.array([[[200, 0, 0]], [[0, 100, 0]]], float)
    draw_strokes(canvas[None], ends[:, None, 0], ends[:, None, 1], np.array([[3], [3]]), colour)
    assert canvas[20, 20].tolist() == [0, 100, 0]
    assert canvas[20, 17].tolist() == [100, 50, 0]  # half covered by the later
    assert canvas[20, 10].tolist() == [200, 0, 0]


def test_no_strokes_draw_nothing():
    canvas = np.full((4, 5, 3), 7, np.uint8)
    draw_strokes(
        canvas[None], np.zeros((0, 1, 2)), np.zeros((0, 1, 2)), np.zeros((0, 1)), np.zeros((0, 1, 3))
    )
    assert (canvas == 7).all()


def test_a_canvas_with_gaps_in_memory_is_refused():
    canvas = np.zeros((40, 40, 3), np.uint8)[:, 10:30]
    with pytest.raises(ValueError, match="copy"):
        draw_strokes(
            canvas[None], np.zeros((1, 1, 2)), np.ones((1, 1, 2)), np.ones((1, 1)), np.ones((1, 1, 3))
        )


def test_pictures_are_drawn_together_as_they_are_alone():
    """Also where one of them lacks a stroke."""
    rng = np.random.default_rng(0)
    start, stop = rng.uniform(-10, 70, (2, 5, 3, 2))
    radius, colour = rng.uniform(0.5, 6, (5, 3)), rng.uniform(0, 255, (5, 3, 3))
    radius[2, 1] = -1
    together = np.zeros((3, 50, 60, 3), np.uint8)
    draw_strokes(together, start, stop, radius, colour)
    for picture in range(3):
        alone = np.zeros((1, 50, 60, 3), np.uint8)
        some = [number for number in range(5) if radius[number, picture] >= 0]
        one = [array[some][:, [picture]] for array in (start, stop, radius, colour)]
        draw_strokes(alone, *one)
        np.testing.assert_array_equal(alone[0], together[picture])


def ball(center, radius, rotation, shape=(200, 240)):
    canvas = np.zeros((*shape, 3), np.uint8)
    draw_ball(canvas, np.array(center), radius, np.asarray(rotation))
    return canvas


def test_ball_that_faces_the_camera_has_the_colours_of_its_normals():
    picture = ball((120, 100), 80, np.eye(3))
    assert picture[100, 120].tolist() == [128, 128, 0]  # looks at the camera: z = -1
    assert picture[100, 198, 0] > 250  # x to the right
    assert picture[178, 120, 1] > 250  # y down
    assert picture[100, 42, 0] < 5
    assert picture[100, 10].tolist() == [0, 0, 0]


def test_ball_seen_from_behind_is_blue():
    assert ball((120, 100), 80, np.diag([-1.0, 1.0, -1.0]))[100, 120].tolist() == [128, 128, 255]


@pytest.mark.parametrize("seed", range(8))
def test_rotation_center_and_radius_are_read_back_from_the_ball(seed):
    """Acceptance check 7 of method.md 13: 0.5 deg, 0.5 px, 1 %."""
    random = np.random.default_rng(seed)
    rotation = np.linalg.qr(random.normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    center, radius = random.uniform((95, 95), (140, 105)), random.uniform(20, 90)
    picture = ball(center, radius, rotation)

    found = read_ball(picture)
    assert np.abs(found[:2] - center).max() < 0.5
    assert found[2] == pytest.approx(radius, rel=0.01)
    assert (
        math.degrees((Rotation.from_matrix(rotation).inv() * Rotation.from_rotvec(found[3:])).magnitude())
        < 0.5
    )


def read_ball(picture):
    """Centre, radius and rotation vector of the ball in a picture: least squares over its inner pixels."""
    row, column = np.nonzero(picture.any(axis=-1))
    x, y, size = column.mean(), row.mean(), math.sqrt(len(row) / math.pi)
    inside = np.hypot(column - x, row - y) < 0.9 * size
    at, colour = np.stack([column, row], axis=-1)[inside], picture[row, column][inside] / 127.5 - 1

    def normals(ball):
        offset = (at - ball[:2]) / ball[2]
        return np.column_stack([offset, -np.sqrt(np.maximum(1 - (offset**2).sum(axis=1), 0))])

    def misfit(ball):
        return (normals(ball) @ Rotation.from_rotvec(ball[3:]).as_matrix() - colour).ravel()

    u, _, vt = np.linalg.svd(np.linalg.lstsq(normals([x, y, size]), colour)[0])
    return least_squares(misfit, [x, y, size, *Rotation.from_matrix(u @ vt).as_rotvec()]).x


def test_ball_at_the_border_is_cut_there():
    whole = ball((120, 100), 50, np.eye(3))
    np.testing.assert_array_equal(
        ball((20, 10), 50, np.eye(3)), np.roll(whole, (-90, -100), (0, 1))[:200] * inner()
    )


def inner():
    """1 where a ball of radius 50 around (20, 10) can be, 0 elsewhere."""
    y, x = np.mgrid[0:200, 0:240]
    return (((x - 20) ** 2 + (y - 10) ** 2) < 60**2)[..., None].astype(np.uint8)


@pytest.mark.parametrize(
    ("center", "radius"), [((50, 50), 0), ((-100, 50), 60), ((50, 500), 60), ((1e7, -1e7), 60)]
)
def test_ball_without_size_or_outside_draws_nothing(center, radius):
    assert not ball(center, radius, np.eye(3)).any()


@pytest.mark.parametrize("radius", [0.05, 0.3, 0.7, 1.2])
def test_no_pixel_of_a_tiny_ball_is_brighter_than_its_share(radius):
    picture = ball((10, 10), radius, np.eye(3), shape=(20, 20)).astype(int)
    y, x = np.mgrid[0:20, 0:20]
    share = np.clip(radius + 0.5 - np.hypot(x - 10, y - 10), 0, 1)[..., None]
    assert (picture <= 255 * share + 0.51).all()
    assert (picture[..., 2] <= 128).all()  # no side that looks at the camera is blue
