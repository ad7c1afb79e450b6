"""Where bodies stand, by crops and by pictures."""

from __future__ import annotations

import numpy as np

from pipeline.estimators.hmr.camera import crop_translation, focal_px, picture_translation, weak_camera
from pipeline.estimators.hmr.crop import Region
from pipeline.geometry import principal_point, project

WIDTH, HEIGHT = 1280, 720
REGION = Region(900.0, 300.0, 500.0)


def test_both_cameras_see_a_body_in_the_same_place() -> None:
    body = np.array([[0.0, -0.5, 0.1], [0.3, 0.6, -0.1], [-0.2, 0.1, 0.0]])
    said = np.array([0.9, 0.05, -0.1])
    inside = body + crop_translation(said)
    by_crop = 5000 / 256 * inside[:, :2] / inside[:, 2:] * REGION.side + (REGION.x, REGION.y)
    standing = picture_translation(said, REGION, WIDTH, HEIGHT)
    by_picture = project(body + standing, focal_px(WIDTH, HEIGHT), principal_point(WIDTH, HEIGHT))
    np.testing.assert_allclose(by_picture, by_crop, atol=1.0)
    assert np.abs(by_picture - by_crop).max() > 0.01  # not one formula twice


def test_the_network_would_have_to_say_what_is_undone() -> None:
    said = np.array([0.9, 0.05, -0.1])
    standing = picture_translation(said, REGION, WIDTH, HEIGHT)
    np.testing.assert_allclose(weak_camera(standing, REGION, WIDTH, HEIGHT), said, atol=1e-9)
