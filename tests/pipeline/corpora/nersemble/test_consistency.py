"""Cameras that see one head agree on it; one that is turned does not."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.corpora.nersemble.calibration import camera_of
from pipeline.corpora.nersemble.consistency import SeenHead, disagreement_deg, in_the_world
from pipeline.corpora.nersemble.layout import FRONTAL, SERIALS
from pipeline.estimators.head_pose import turn_towards
from pipeline.geometry import head_rotation, rotation_about
from tests.nersemble import HEAD, calibration

TOLD = calibration(SERIALS)
CAMERAS = {
    serial: camera_of(pose, TOLD["intrinsics"], serial) for serial, pose in TOLD["world_2_cam"].items()
}
TIMES = 10
WORLD = head_rotation(np.linspace(-0.5, 0.5, TIMES), 0.1, np.linspace(0, 0.2, TIMES))
PLACE = HEAD + np.linspace(-0.1, 0.1, TIMES)[:, None] * [1, 0.5, 0.2]


def seen(serial: str, turned_deg: float = 0.0) -> SeenHead:
    """What a perfect tracker says in one camera of a head that moves and turns."""
    camera = CAMERAS[serial]
    points = (PLACE - camera.place) @ camera.rotation.T
    told = np.swapaxes(turn_towards(points), -1, -2) @ camera.rotation @ WORLD
    center = np.stack([camera.pixel(point) for point in PLACE])
    wrong = rotation_about([0, np.radians(turned_deg), 0])
    return SeenHead(rotation=told @ wrong, center=center, valid=np.ones(TIMES, np.bool_))


def test_a_head_is_the_same_in_the_world_wherever_it_is_seen() -> None:
    for serial in SERIALS:
        np.testing.assert_allclose(in_the_world(seen(serial), CAMERAS[serial]), WORLD, atol=1e-9)
    found = disagreement_deg({serial: seen(serial) for serial in SERIALS}, CAMERAS)
    assert max(found.values()) < 1e-5


def test_one_that_is_turned_is_known_by_its_angle() -> None:
    heads = {serial: seen(serial, 9.0 if serial == FRONTAL else 0.0) for serial in SERIALS}
    found = disagreement_deg(heads, CAMERAS)
    assert found[FRONTAL] == pytest.approx(9.0)
    assert found[SERIALS[0]] == pytest.approx(9.0 / 15)


def test_only_moments_that_both_measured_count() -> None:
    one, other = SERIALS[:2]
    first, second = seen(one), seen(other, 9.0)
    half = np.arange(TIMES) < TIMES // 2
    first = SeenHead(rotation=first.rotation, center=first.center, valid=half)
    assert disagreement_deg({one: first, other: second}, CAMERAS)[one] == pytest.approx(9.0)
    apart = SeenHead(rotation=second.rotation, center=second.center, valid=~half)
    assert np.isnan(disagreement_deg({one: first, other: apart}, CAMERAS)[one])
