"""People with known differences: each metric gives the number put in, and none where nothing is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.eval.people import SeenPerson, compared, likeness, mouth_open
from schemas.joints import J

FRAMES = 6


def person() -> SeenPerson:
    """Somebody upright, 100 px from neck to hips, who is seen whole."""
    joints = np.random.default_rng(1).normal(200, 60, (FRAMES, 16, 2))
    for name, place in {"neck": (200, 100), "left_hip": (220, 200), "right_hip": (180, 200)}.items():
        joints[:, J[name]] = place
    mesh = np.tile(np.random.default_rng(2).normal(0, 20, (478, 3)), (FRAMES, 1, 1)) + 150
    mesh[:, 33], mesh[:, 263] = (100, 150, 0), (200, 150, 0)
    mesh[:, 78], mesh[:, 308] = (130, 220, 0), (170, 220, 0)
    mesh[:, 13], mesh[:, 14] = (150, 215, 0), (150, 215 + 8, 0)
    return SeenPerson(
        joints2d=joints.astype(np.float32),
        joints_score=np.ones((FRAMES, 16), np.float32),
        hands_score=np.ones((FRAMES, 2), np.float32),
        mesh=mesh.astype(np.float32),
        eyes_open=np.full(FRAMES, 0.3, np.float32),
        face=np.ones(FRAMES, np.bool_),
        rotation=np.tile(np.eye(3, dtype=np.float32), (FRAMES, 1, 1)),
    )


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def test_somebody_is_equal_to_themselves() -> None:
    found = compared(person(), person(), same_person=True)
    perfect = {"pck_10": 1.0, "pck_20": 1.0, "hands_seen": 1.0}
    for name, values in found.items():
        np.testing.assert_allclose(values, perfect.get(name, 0.0), atol=1e-5, err_msg=name)


@pytest.mark.parametrize("degrees", [0.5, 12.0, 170.0])
def test_a_head_that_is_turned_is_as_many_degrees_away(degrees: float) -> None:
    made = replace(person(), rotation=np.tile(turned(degrees), (FRAMES, 1, 1)))
    found = compared(made, person(), same_person=False)["head_pose_deg"]
    np.testing.assert_allclose(found, degrees, atol=1e-3)


def test_joints_are_told_in_torsos() -> None:
    made = replace(person(), joints2d=person().joints2d + np.array([15, 0], np.float32))
    found = compared(made, person(), same_person=True)
    np.testing.assert_allclose(found["joints_torso"], 0.15, atol=1e-5)
    assert (found["pck_10"] == 0).all()
    assert (found["pck_20"] == 1).all()
    np.testing.assert_allclose(found["limbs_deg"], 0, atol=1e-3)


def test_limbs_of_another_build_have_the_same_angles() -> None:
    wide = person().joints2d * np.float32(1.7) + np.array([30, -20], np.float32)
    found = compared(replace(person(), joints2d=wide), person(), same_person=False)
    assert "pck_10" not in found
    np.testing.assert_allclose(found["limbs_deg"], 0, atol=1e-3)
    spun = person().joints2d @ turned(10)[[0, 2]][:, [0, 2]]
    found = compared(replace(person(), joints2d=spun.astype(np.float32)), person(), same_person=False)
    np.testing.assert_allclose(found["limbs_deg"], 10, atol=1e-3)


def test_an_expression_is_what_is_left_when_heads_lie_on_each_other() -> None:
    moved = (person().mesh @ turned(25).T) * np.float32(1.3) + np.array([9, 8, 7], np.float32)
    found = compared(replace(person(), mesh=moved.astype(np.float32)), person(), same_person=True)
    np.testing.assert_allclose(found["expression"], 0, atol=1e-3)
    other = person().mesh.copy()
    other[:, 300:] += np.array([0, 10, 0], np.float32)
    found = compared(replace(person(), mesh=other), person(), same_person=True)
    assert (found["expression"] > 1).all()
    assert (found["expression"] < 10).all()


def test_eyes_and_mouth_are_compared_by_how_far_they_open() -> None:
    mesh = person().mesh.copy()
    mesh[:, 14, 1] = 215 + 20
    made = replace(person(), mesh=mesh, eyes_open=np.full(FRAMES, 0.1, np.float32))
    found = compared(made, person(), same_person=True)
    np.testing.assert_allclose(mouth_open(person()), 0.2, atol=1e-5)
    np.testing.assert_allclose(found["mouth"], 0.3, atol=1e-5)
    np.testing.assert_allclose(found["eyes"], 0.2, atol=1e-5)


def test_what_is_not_seen_is_counted_and_is_never_zero() -> None:
    unseen = np.arange(FRAMES) < 2
    made = replace(
        person(),
        face=~unseen,
        joints_score=np.where(unseen[:, None], 0, person().joints_score).astype(np.float32),
        hands_score=np.where(unseen[:, None], 0, person().hands_score).astype(np.float32),
    )
    found = compared(made, person(), same_person=True)
    assert found["face_missing"].tolist() == [1, 1, 0, 0, 0, 0]
    assert found["joints_missing"].tolist() == [1, 1, 0, 0, 0, 0]
    assert found["hands_seen"].tolist() == [0, 0, 1, 1, 1, 1]
    for name in ("head_pose_deg", "joints_torso", "pck_10", "limbs_deg", "expression", "eyes", "mouth"):
        assert np.isnan(found[name][:2]).all(), name
        assert np.isfinite(found[name][2:]).all(), name
    hidden = replace(person(), face=np.zeros(FRAMES, np.bool_))
    assert np.isnan(compared(person(), hidden, same_person=False)["face_missing"]).all()


def test_curves_that_move_alike_correlate() -> None:
    curve = np.array([0.0, 1.0, 0.0, np.nan, 2.0])
    assert likeness(3 * curve + 1, curve) == pytest.approx(1.0)
    assert np.isnan(likeness(np.ones(5), curve))
