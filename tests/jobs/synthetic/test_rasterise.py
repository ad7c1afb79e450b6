from __future__ import annotations

import numpy as np
import pytest

from jobs.synthetic.rasterise import FAR_M, CameraView, baked, rasterise

CAMERA = CameraView(width=40, height=30, focal_px=50.0)
SQUARE = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def on_pixels(x0, x1, y0, y1, depths=(2.0, 2.0, 2.0, 2.0)):
    """Corners that are seen at these px, each at its depth."""
    px = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) - (19.5, 14.5)
    z = np.array(depths)[:, None]
    return np.concatenate([px * z / 50, z], axis=1)


@pytest.mark.parametrize("shift", [0.0, 0.1, -0.1, 0.4])
def test_a_square_covers_the_pixels_whose_centres_lie_in_it(shift):
    points = on_pixels(9.5 + shift, 20.5 + shift, 4.5 + shift, 14.5 + shift)
    _, depth = rasterise(CAMERA, points, SQUARE, np.zeros((4, 3)))
    row, column = np.nonzero(depth < FAR_M / 2)
    first = (np.ceil(9.5 + shift), np.ceil(4.5 + shift)) if shift else (10, 5)
    assert (column.min(), row.min(), len(row)) == (*first, 110)
    np.testing.assert_allclose(depth[row, column], 2, atol=1e-4)


def test_values_are_those_of_the_place_that_a_pixel_shows():
    points = on_pixels(5, 35, 5, 25, depths=(2, 4, 4, 2))
    shown, depth = rasterise(CAMERA, points, SQUARE, points / 8)
    row, column = np.nonzero(depth < FAR_M / 2)
    place = 8 * shown[row, column].astype(np.float64)
    np.testing.assert_allclose(place[:, 2], depth[row, column], atol=1e-3)
    np.testing.assert_allclose(CAMERA.pixels(place), np.stack([column, row], axis=1), atol=1e-3)


def test_the_nearer_hides_and_flat_triangles_keep_the_value_of_their_first_corner():
    points = np.concatenate([on_pixels(5, 35, 5, 25, (3,) * 4), on_pixels(10, 20, 10, 20, (2,) * 4)])
    values = np.repeat([[0.25], [0.75]], 4, axis=0) * np.ones(3) + np.arange(8)[:, None] / 100
    shown, _ = rasterise(CAMERA, points, np.concatenate([SQUARE, SQUARE + 4]), values, flat=True)
    assert [round(float(v), 3) for v in np.unique(shown[..., 0])] == [0.0, 0.25, 0.79]
    assert shown[15, 15, 0] == pytest.approx(0.79)
    assert shown[7, 30, 0] == pytest.approx(0.25)


def test_a_larger_canvas_holds_the_same_picture_in_its_middle():
    points = on_pixels(-8, 12, 4, 14)
    part = rasterise(CAMERA, points, SQUARE, points)[1] < FAR_M / 2
    whole = rasterise(CAMERA.wider(3), points, SQUARE, points)[1] < FAR_M / 2
    np.testing.assert_array_equal(whole[30:60, 40:80], part)
    assert whole.sum() == 21 * 11


def test_textures_are_laid_out_on_their_places():
    texture = np.array([(0.25, 0.5), (0.75, 0.5), (0.75, 1.0), (0.25, 1.0)])
    values = np.concatenate([texture, np.zeros((4, 1))], axis=1)
    shown, covered = baked(texture, SQUARE, values, 64)
    row, column = np.nonzero(covered)
    assert len(row) == 32 * 32
    np.testing.assert_allclose(shown[row, column, 0], (column + 0.5) / 64, atol=1e-5)
    np.testing.assert_allclose(shown[row, column, 1], (row + 0.5) / 64, atol=1e-5)
