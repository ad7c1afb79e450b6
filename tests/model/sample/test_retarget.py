"""The driver's motion on another body, with figures whose bones are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.data.augment import mirror_controls, scale_bones, window_of
from model.sample.retarget import KINDS, Figure, common_unit, ratios, retarget
from schemas.controls import Controls, Framing
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.joints import BODY_LIMBS, J
from tests.synth import Scene, true_controls

DRIVER = Scene(number=1, width=320, height=480, num_frames=30, turn_deg=(-30, 30))
STILL = Scene(number=2, width=480, height=320, num_frames=5, turn_deg=(10, 12))


def figure(scene: Scene, controls: Controls | None = None, framing: Framing = "full") -> Figure:
    shown = true_controls(scene) if controls is None else controls
    return Figure(controls=shown, framing=framing, width=scene.width, height=scene.height)


def bones(**changes: float) -> dict[str, float]:
    return {**dict.fromkeys(KINDS, 1.0), **changes}


def other_body(scene: Scene, **changes: float) -> Figure:
    """The figure with other bones, its 2D points following its 3D joints."""
    changed = figure(scene, scale_bones(true_controls(scene), bones(**changes)))
    joints2d = changed.project(changed.controls.joints3d.astype(np.float64)).astype(np.float32)
    return replace(changed, controls=replace(changed.controls, joints2d=joints2d))


def lengths(controls: Controls) -> dict[tuple[str, str], np.ndarray]:
    return {
        (a, b): np.linalg.norm(controls.joints3d[:, J[a]] - controls.joints3d[:, J[b]], axis=1)
        for a, b in BODY_LIMBS
    }


def test_acceptance_11_a_driver_that_is_its_own_reference_stays_as_it_is() -> None:
    driver = figure(DRIVER)
    for first in (0, 11, 25):
        found = retarget(driver, figure(DRIVER, window_of(driver.controls, first, 5)))
        for name in ("joints2d", "left_hand2d", "right_hand2d", "head_center", "head_radius"):
            np.testing.assert_allclose(getattr(found, name), getattr(driver.controls, name), atol=0.01)
        size = DRIVER.width, DRIVER.height
        assert np.mean(draw_skeleton(found, *size) != draw_skeleton(driver.controls, *size)) < 1e-3
        assert np.mean(draw_spheres(found, *size) != draw_spheres(driver.controls, *size)) < 1e-2


def test_what_was_measured_beside_the_projection_stays_beside_it() -> None:
    noise = np.random.default_rng(3).normal(0, 4, (30, 16, 2)).astype(np.float32)
    controls = true_controls(DRIVER)
    driver = figure(DRIVER, replace(controls, joints2d=controls.joints2d + noise))
    found = retarget(driver, figure(DRIVER, window_of(driver.controls, 8, 1), "half"))
    np.testing.assert_allclose(found.joints2d, driver.controls.joints2d, atol=0.01)


def test_acceptance_12_bones_keep_their_lengths_over_time_and_are_the_references() -> None:
    reference = other_body(STILL, wrist=1.4, elbow=0.8, knee=1.2)
    found = lengths(retarget(figure(DRIVER), reference))
    wanted = lengths(reference.controls)
    scale = found["neck", "left_shoulder"][0] / wanted["neck", "left_shoulder"][0]
    for limb, length in found.items():
        np.testing.assert_allclose(length, length[0], rtol=1e-4)
        if limb[1].partition("_")[2] != "big_toe":
            assert length[0] == pytest.approx(scale * np.median(wanted[limb]), rel=1e-3), limb


def test_twice_the_forearm_is_drawn_twice_as_long_in_its_old_direction() -> None:
    plain = retarget(figure(DRIVER), figure(STILL))
    long = retarget(figure(DRIVER), other_body(STILL, wrist=2.0))
    for side in ("left", "right"):
        elbow, wrist = J[f"{side}_elbow"], J[f"{side}_wrist"]
        bone, longer = (c.joints3d[:, wrist] - c.joints3d[:, elbow] for c in (plain, long))
        np.testing.assert_allclose(longer, 2 * bone, atol=1e-4)
        drawn, stretched = (c.joints2d[:, wrist] - c.joints2d[:, elbow] for c in (plain, long))
        np.testing.assert_allclose(stretched, 2 * drawn, rtol=0.08, atol=0.5)  # up to perspective
        hand, larger = (getattr(c, f"{side}_hand2d") - c.joints2d[:, [wrist]] for c in (plain, long))
        np.testing.assert_allclose(larger, 2 * hand, atol=1e-2)
    arms = [J[f"{side}_{part}"] for side in ("left", "right") for part in ("wrist",)]
    rest = np.setdiff1d(np.arange(16), arms)
    np.testing.assert_allclose(long.joints2d[:, rest], plain.joints2d[:, rest], atol=1e-2)


def test_acceptance_13_twice_the_limbs_are_drawn_twice_as_long_at_the_same_angles() -> None:
    """Bones are exact in space, and what is drawn is what a camera sees of them."""
    limbs = dict.fromkeys(("elbow", "wrist", "knee", "ankle"), 2.0)
    plain, reference = retarget(figure(DRIVER), figure(DRIVER)), other_body(DRIVER, **limbs)
    found = retarget(figure(DRIVER), reference)
    for start, stop in BODY_LIMBS:
        bone, longer = (c.joints3d[:, J[stop]] - c.joints3d[:, J[start]] for c in (plain, found))
        grown = limbs.get(stop.partition("_")[2], 1.0)
        np.testing.assert_allclose(longer, grown * bone, atol=1e-3, err_msg=stop)
    seen = reference.project(found.joints3d.astype(np.float64))
    np.testing.assert_allclose(found.joints2d, seen, atol=0.05)


def test_the_figure_stands_where_the_reference_stands_and_is_as_large() -> None:
    reference = figure(STILL)
    found = retarget(figure(DRIVER), reference)
    expected = reference.controls
    tall, wanted = (
        np.median(np.linalg.norm(c.joints2d[:, J["neck"]] - c.joints2d[:, J["pelvis"]], axis=1))
        for c in (found, expected)
    )
    assert tall == pytest.approx(wanted, rel=0.03)
    frame = int(np.abs(found.joints2d[:, J["pelvis"], 0] - expected.joints2d[2, J["pelvis"], 0]).argmin())
    assert np.linalg.norm(found.joints2d[frame, J["neck"]] - expected.joints2d[2, J["neck"]]) < 12
    assert found.camera_focal == expected.camera_focal


def test_acceptance_14_missing_legs_never_move_the_arms() -> None:
    legs = [J[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle", "big_toe")]
    reference = other_body(STILL, wrist=1.3)
    score = reference.controls.joints_score.copy()
    score[:, legs] = 0
    cropped = replace(reference, controls=replace(reference.controls, joints_score=score), framing="half")
    whole = retarget(figure(DRIVER), replace(reference, framing="half"))
    found = retarget(figure(DRIVER), cropped)
    arms = [J[f"{side}_{part}"] for side in ("left", "right") for part in ("shoulder", "elbow", "wrist")]
    np.testing.assert_allclose(found.joints2d[:, arms], whole.joints2d[:, arms], atol=1e-3)
    own, new = lengths(true_controls(DRIVER)), lengths(found)
    shin, thigh = ("left_knee", "left_ankle"), ("left_hip", "left_knee")
    np.testing.assert_allclose(new[shin] / new[thigh], own[shin] / own[thigh], rtol=1e-4)


def test_a_reference_twice_as_large_changes_nothing() -> None:
    small, large = figure(STILL), figure(replace(STILL, width=960, height=640))
    one, two = retarget(figure(DRIVER), small), retarget(figure(DRIVER), large)
    np.testing.assert_allclose((two.joints2d + 0.5) / 2 - 0.5, one.joints2d, atol=0.05)
    np.testing.assert_allclose(two.head_radius / 2, one.head_radius, rtol=1e-3)


def test_mirrored_pictures_give_a_mirrored_figure() -> None:
    reference = figure(STILL)
    expected = mirror_controls(retarget(figure(DRIVER), reference), STILL.width, STILL.width)
    found = retarget(
        figure(DRIVER, mirror_controls(true_controls(DRIVER), DRIVER.width, DRIVER.width)),
        figure(STILL, mirror_controls(true_controls(STILL), STILL.width, STILL.width)),
    )
    np.testing.assert_allclose(found.joints2d, expected.joints2d, atol=0.01)
    np.testing.assert_allclose(found.head_center, expected.head_center, atol=0.01)


def test_ratios_are_bounded_and_feet_are_no_longer_than_half_the_shin() -> None:
    reference = other_body(STILL, wrist=5.0, elbow=0.1, big_toe=1.9)
    unit = common_unit(true_controls(DRIVER), reference.controls)
    assert unit is not None
    found = ratios(true_controls(DRIVER), reference.controls, unit)
    assert found["wrist"] == 2.0
    assert found["elbow"] == 0.5
    own = lengths(true_controls(DRIVER))
    shin, foot = own["left_knee", "left_ankle"][0], own["left_ankle", "left_big_toe"][0]
    assert found["big_toe"] * foot <= 0.5 * found["ankle"] * shin * 1.0001


def test_a_canonical_picture_gives_the_lengths_and_the_reference_the_place() -> None:
    canonical = other_body(STILL, wrist=1.5)
    plain, found = retarget(figure(DRIVER), figure(STILL)), retarget(figure(DRIVER), figure(STILL), canonical)
    np.testing.assert_allclose(found.joints2d[:, J["neck"]], plain.joints2d[:, J["neck"]], atol=0.05)
    longer = lengths(found)["left_elbow", "left_wrist"] / lengths(plain)["left_elbow", "left_wrist"]
    np.testing.assert_allclose(longer, 1.5, rtol=1e-3)


def without_body(controls: Controls) -> Controls:
    return replace(controls, joints_score=np.zeros_like(controls.joints_score))


def test_the_head_takes_the_references_size_and_keeps_the_drivers_depth() -> None:
    reference = figure(STILL)
    grown = replace(reference.controls, head_radius=1.5 * reference.controls.head_radius)
    plain, found = (
        retarget(figure(DRIVER), reference),
        retarget(figure(DRIVER), replace(reference, controls=grown)),
    )
    np.testing.assert_allclose(found.head_radius, 1.5 * plain.head_radius, rtol=1e-4)
    neck = found.joints2d[:, J["neck"]]
    np.testing.assert_allclose(found.head_center - neck, 1.5 * (plain.head_center - neck), atol=0.01)


def test_portraits_are_placed_by_the_head() -> None:
    driver = figure(DRIVER, without_body(true_controls(DRIVER)), "portrait")
    same = retarget(driver, figure(DRIVER, window_of(driver.controls, 10, 3), "portrait"))
    np.testing.assert_allclose(same.head_center, driver.controls.head_center, atol=0.01)
    reference = figure(STILL, without_body(true_controls(STILL)), "portrait")
    found = retarget(driver, reference)
    grown = found.head_radius[0] / driver.controls.head_radius[0]
    frame = int(np.linalg.norm(found.head_center - reference.controls.head_center[2], axis=1).argmin())
    assert found.head_radius[frame] == pytest.approx(reference.controls.head_radius[2], rel=0.02)
    steps, before = np.diff(found.head_center, axis=0), np.diff(driver.controls.head_center, axis=0)
    np.testing.assert_allclose(steps, grown * before, atol=1e-3)


def test_nothing_in_common_is_said() -> None:
    blank = without_body(true_controls(STILL))
    nobody = replace(blank, head_valid=np.zeros_like(blank.head_valid))
    with pytest.raises(ValueError, match="neither a body nor a head"):
        retarget(figure(DRIVER), figure(STILL, nobody, "portrait"))
