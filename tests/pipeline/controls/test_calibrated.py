"""A body seen through the camera's own focal length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.controls.calibrated import NEAREST_M, calibrated, through
from pipeline.geometry import principal_point, project
from schemas.joints import J
from schemas.origin import Lens, Origin
from tests.synth import Scene
from tests.tracked import tracked_of

SCENE = Scene(num_frames=30, turn_deg=(-30, 30))


def test_joints_stay_on_their_pixels_and_in_front_of_each_other() -> None:
    tracked = tracked_of(SCENE)
    size = (SCENE.width, SCENE.height)
    result = through(tracked.body, 2.5 * tracked.body.focal_px, size)
    found = project(result.joints3d, result.focal_px, principal_point(*size))
    np.testing.assert_allclose(found, tracked.body.joints2d, atol=0.05)
    before, after = tracked.body.joints3d[..., 2], result.joints3d[..., 2]
    pelvis = J["pelvis"]
    np.testing.assert_allclose(after - after[:, [pelvis]], before - before[:, [pelvis]], atol=1e-4)
    np.testing.assert_allclose(after[:, pelvis], 2.5 * before[:, pelvis], rtol=1e-5)


def test_the_size_across_the_picture_stays() -> None:
    """A person twice as far through twice the focal length is as large, in the picture and in metres."""
    tracked = tracked_of(SCENE)
    result = through(tracked.body, 2 * tracked.body.focal_px, (SCENE.width, SCENE.height))
    widths = [
        np.linalg.norm(
            body.joints3d[:, J["left_shoulder"], :2] - body.joints3d[:, J["right_shoulder"], :2], axis=1
        )
        for body in (tracked.body, result)
    ]
    np.testing.assert_allclose(widths[1], widths[0], rtol=0.1)


def test_nothing_lands_behind_the_camera() -> None:
    body = tracked_of(SCENE).body
    result = through(body, 0.01 * body.focal_px, (SCENE.width, SCENE.height))
    assert result.joints3d[..., 2].min() >= np.float32(NEAREST_M)


def test_tracks_without_a_calibrated_camera_stay() -> None:
    tracked = tracked_of(SCENE)
    assert calibrated(tracked) is tracked
    video = tracked.clip.video
    lens = Lens(focal_px=777.0, principal_x=1.0, principal_y=1.0)
    source = replace(video.source, origin=Origin(lens=lens))
    told = replace(tracked, clip=replace(tracked.clip, video=replace(video, source=source)))
    assert calibrated(told).body.focal_px == 777.0
