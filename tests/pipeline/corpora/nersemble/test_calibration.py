"""Cameras as their calibration tells them: known places, angles and pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.corpora.nersemble.calibration import angle_deg, looked_at, read_cameras
from pipeline.corpora.nersemble.layout import FRONTAL, SERIALS
from tests.nersemble import AWAY_M, HEAD, SIZE, angles, calibration


def told(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "camera_params.json"
    path.write_text(json.dumps({**calibration(SERIALS), **changes}))
    return path


def test_cameras_look_at_the_head_from_where_they_stand(tmp_path: Path) -> None:
    cameras = read_cameras(told(tmp_path))
    assert list(cameras) == list(SERIALS)
    np.testing.assert_allclose(looked_at(list(cameras.values())), HEAD, atol=1e-9)
    for serial, angle in angles().items():
        camera = cameras[serial]
        assert np.linalg.norm(camera.place - HEAD) == pytest.approx(AWAY_M)
        assert angle_deg(camera, cameras[FRONTAL]) == pytest.approx(abs(angle), abs=1e-4)
        seen = camera.for_pictures(*SIZE).pixel(HEAD)
        np.testing.assert_allclose(seen, [(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2], atol=1e-9)
    assert np.isnan(cameras[FRONTAL].pixel(cameras[FRONTAL].place * 2 - HEAD)).all(), "behind it"


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 2.0, 4.0])
def test_intrinsics_are_scaled_to_the_pictures(scale: float, tmp_path: Path) -> None:
    path = told(tmp_path, **calibration(SERIALS, focal_px=400, scale=scale))
    camera = read_cameras(path)[FRONTAL].for_pictures(*SIZE)
    assert camera.intrinsics[0, 0] == pytest.approx(400)
    assert camera.intrinsics[:2, 2] == pytest.approx([(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2])


def test_each_camera_may_have_its_own(tmp_path: Path) -> None:
    matrix = calibration(SERIALS)["intrinsics"]
    other = [[1000.0, 0, 300], [0, 1000.0, 200], [0, 0, 1]]
    own = dict.fromkeys(SERIALS, matrix) | {FRONTAL: other}
    cameras = read_cameras(told(tmp_path, intrinsics=own))
    assert cameras[FRONTAL].intrinsics[0, 0] == 1000
    assert cameras[SERIALS[0]].intrinsics[0, 0] == 800


MIRROR = np.diag([-1.0, 1, 1, 1]).tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"world_2_cam": None}, "world_2_cam"),
        ({"world_2_cam": {"1": [[1, 0], [0, 1]]}}, r"camera 1: world_2_cam is \(2, 2\)"),
        ({"world_2_cam": {"1": [["a"]]}}, "camera 1: its matrices are none"),
        ({"world_2_cam": {"1": (2 * np.eye(4)).tolist()}}, "camera 1: world_2_cam is no rotation"),
        ({"world_2_cam": {"1": MIRROR}}, "camera 1: world_2_cam mirrors the world"),
        ({"intrinsics": [[0, 0, 1], [0, 1, 1], [0, 0, 1]]}, "its focal lengths are not positive"),
        ({"intrinsics": {"1": [[1]]}}, "intrinsics are"),
    ],
)
def test_what_is_no_camera_is_a_sentence(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_cameras(told(tmp_path, **changes))


def test_a_calibration_of_other_pictures_is_told(tmp_path: Path) -> None:
    camera = read_cameras(told(tmp_path))[FRONTAL]
    with pytest.raises(ValueError, match="a principal point at 320, 220 in pictures of 500x900"):
        camera.for_pictures(500, 900)
