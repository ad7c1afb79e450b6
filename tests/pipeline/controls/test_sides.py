"""Bodies that are read from behind as from the front, and back: the answers are those of the figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.controls.believed import believed
from pipeline.controls.sides import chosen, labelled, least_costs, turned_over
from pipeline.geometry import body_yaw, rotation_about, wrap_angle
from pipeline.stages.control import Control, ControlSettings
from schemas.tracks import Tracked
from tests.synth import Scene
from tests.tracked import tracked_of, without

TURN = Scene(width=640, height=960, num_frames=120, turn_deg=(0.0, 360.0))


def misread(tracked: Tracked, frames: slice | np.ndarray) -> Tracked:
    """The tracks of a network that takes front for back in some frames; hands go with the arms."""
    swap = np.zeros(len(tracked.body.valid), bool)
    swap[frames] = True
    hands = {
        name: np.where(swap.reshape(-1, *[1] * (value.ndim - 1)), value[:, ::-1], value)
        for name in ("points2d", "points3d", "score")
        for value in [getattr(tracked.hands, name)]
    }
    body = chosen(tracked.body, turned_over(tracked.body), swap)
    return replace(tracked, body=body, hands=replace(tracked.hands, **hands))


def test_body_turned_over_twice_is_itself() -> None:
    body = tracked_of(TURN).body
    again = turned_over(turned_over(body))
    np.testing.assert_allclose(again.joints3d, body.joints3d, atol=1e-5)
    np.testing.assert_array_equal(again.joints2d, body.joints2d)


def test_body_turned_over_looks_the_other_way_at_the_same_picture() -> None:
    body = tracked_of(TURN).body
    over, yaw = turned_over(body), body_yaw(body.joints3d)
    away = wrap_angle(body_yaw(over.joints3d) - (np.pi - yaw))
    assert np.abs(away).max() < np.radians(8), "perspective moves joints a little"
    pictures = [np.sort(one.joints2d.reshape(len(yaw), -1), axis=1) for one in (body, over)]
    np.testing.assert_array_equal(pictures[0], pictures[1])


@pytest.mark.parametrize(
    "frames", [slice(0, 0), slice(50, 70), slice(58, 61), slice(66, 67), slice(105, 120)]
)
def test_sides_of_one_who_turns_round_are_the_figures(frames: slice) -> None:
    tracked = tracked_of(TURN)
    result, _ = labelled(misread(tracked, frames).body, tracked.head)
    assert result.valid.all()
    np.testing.assert_array_equal(result.joints2d, tracked.body.joints2d)
    np.testing.assert_allclose(result.joints3d, tracked.body.joints3d, atol=1e-5)


def test_a_measured_face_decides_against_the_networks_word() -> None:
    scene = replace(TURN, turn_deg=(-20.0, 20.0))
    tracked = tracked_of(scene)
    few = without(tracked, "head", np.arange(60, 120)).head
    result, swapped = labelled(misread(tracked, slice(0, 65)).body, few)
    np.testing.assert_array_equal(result.joints2d, tracked.body.joints2d)
    np.testing.assert_array_equal(swapped, np.arange(120) < 65)


def test_body_that_is_read_both_ways_without_a_face_is_not_valid() -> None:
    tracked = without(tracked_of(replace(TURN, turn_deg=(-20.0, 20.0))), "head", slice(None))
    result, _ = labelled(misread(tracked, slice(0, 80)).body, tracked.head)
    assert not result.valid.any()
    result, _ = labelled(misread(tracked, slice(0, 6)).body, tracked.head)
    assert result.valid.all(), "a word in twenty is a slip"


def test_frames_without_a_body_are_passed_over() -> None:
    tracked = tracked_of(TURN)
    holed = without(misread(tracked, slice(50, 70)), "body", slice(60, 66))
    result, _ = labelled(holed.body, tracked.head)
    np.testing.assert_array_equal(result.valid, holed.body.valid)
    np.testing.assert_array_equal(result.joints2d[result.valid], tracked.body.joints2d[result.valid])


def test_nobody_is_left_as_it_is() -> None:
    nobody = without(tracked_of(TURN), "body", slice(None))
    result, swapped = labelled(nobody.body, nobody.head)
    assert not result.valid.any()
    assert not swapped.any()


def test_controls_of_a_misread_turn_are_those_of_the_turn() -> None:
    """Nothing is averaged over a change: the sphere does not spin, hands stay on their sides."""
    tracked = tracked_of(TURN)
    made, right = (
        next(Control(ControlSettings())(tracks)).controls
        for tracks in (misread(tracked, slice(50, 70)), tracked)
    )
    for name in ("joints2d", "joints3d", "left_hand2d", "right_hand2d", "head_rotation", "body_yaw"):
        np.testing.assert_allclose(getattr(made, name), getattr(right, name), atol=1e-3, err_msg=name)
    spin = np.swapaxes(made.head_rotation[:-1], 1, 2) @ made.head_rotation[1:]
    angle = np.degrees(np.arccos(np.clip((np.trace(spin, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    assert angle.max() < 15


def test_cheapest_paths_are_those_of_trying_all() -> None:
    rng = np.random.default_rng(3)
    doubt, way = rng.random((6, 2)), rng.random((5, 2, 2))
    paths = [[n >> t & 1 for t in range(6)] for n in range(64)]
    cost = [
        sum(doubt[t, s] for t, s in enumerate(path)) + sum(way[t][path[t], path[t + 1]] for t in range(5))
        for path in paths
    ]
    for t in range(6):
        for state in (0, 1):
            best = min(c for c, path in zip(cost, paths, strict=True) if path[t] == state)
            assert least_costs(doubt, way)[t, state] == pytest.approx(best)


def test_stretches_that_no_turn_joins_are_judged_apart_and_not_averaged() -> None:
    """Behind a change that no torso makes, the network contradicts itself; before it, it does not."""
    tracked = without(tracked_of(replace(TURN, turn_deg=(-20.0, 20.0))), "head", slice(None))
    middle = tracked.body.joints3d[:, :1]
    lying = (tracked.body.joints3d - middle) @ rotation_about([0, 0, np.pi / 2]).T + middle
    lain = replace(tracked.body, joints3d=lying.astype(np.float32))
    body = chosen(tracked.body, lain, np.arange(120) >= 60)
    result, swapped = labelled(body, tracked.head)
    assert not swapped.any()
    np.testing.assert_array_equal(result.valid, np.abs(np.arange(120) - 59.5) > 5)
    mixed = chosen(body, turned_over(body), np.arange(120) < 25)
    result, _ = labelled(mixed, tracked.head)
    assert not result.valid[:65].any()
    assert result.valid[65:].all()


def test_hands_of_arms_whose_sides_are_not_told_are_not_told() -> None:
    tracked = without(tracked_of(replace(TURN, turn_deg=(-20.0, 20.0))), "head", slice(None))
    result = believed(misread(tracked, slice(0, 50)), hand_reach=0.5)
    assert not result.body.valid.any()
    assert not result.hands.score.any()
    alone = without(tracked, "body", slice(None))
    assert believed(alone, hand_reach=0.5).hands.score.all(), "no arm was told: hands stand alone"
