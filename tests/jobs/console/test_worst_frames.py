"""Where controls change most is found for sides, the head's size and hands, each planted alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jobs.console.worst_frames import OTHER_SIDE, hand_changes, side_changes, worst_frames
from schemas.controls import Controls
from tests.synth import Scene, true_controls

STILL = true_controls(Scene(num_frames=30, turn_deg=(0.0, 0.0)))


def changed(controls: Controls, name: str, frame: int, value: np.ndarray | float) -> Controls:
    array = getattr(controls, name).copy()
    array[frame] = value
    return replace(controls, **{name: array})


def test_each_fault_is_found_in_its_frame() -> None:
    faulty = changed(STILL, "joints2d", 11, STILL.joints2d[11][OTHER_SIDE])
    faulty = changed(faulty, "head_radius", 17, STILL.head_radius[17] * 1.5)
    faulty = changed(faulty, "left_hand_score", 23, 0.0)
    worst = worst_frames(faulty)
    assert worst["side"] in (11, 12)
    assert worst["radius"] in (17, 18)
    assert worst["hand"] in (23, 24)


def test_moving_sides_are_no_exchange_and_a_moved_hand_is_told_by_its_size() -> None:
    moved = replace(STILL, joints2d=STILL.joints2d + np.linspace(0, 30, 30, dtype=np.float32)[:, None, None])
    assert side_changes(moved).max() == 0
    hands = STILL.right_hand2d.copy()
    size = float(np.ptp(hands[20], axis=0).max())
    hands[20:] += np.float32(size / 2)
    jumped = hand_changes(replace(STILL, right_hand2d=hands, left_hand2d=STILL.left_hand2d))
    assert int(np.argmax(jumped)) == 19


def test_what_never_changes_has_no_worst_frame() -> None:
    frozen = {
        name: np.repeat(getattr(STILL, name)[:1], 30, axis=0)
        for name in Controls.__annotations__
        if getattr(STILL, name).ndim
    }
    assert worst_frames(replace(STILL, **frozen)) == {}
