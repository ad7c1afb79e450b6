"""Hands of a clip: whose they are, where they end, and which are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geometry import (
    principal_point,
    project,
)
from pipeline.stages.control import ControlSettings
from schemas.drawing import DRAW_SCORE
from schemas.joints import J
from schemas.tracks import Tracked
from tests.pipeline.stages.figure_controls import FULL, RAW, controlled, controls
from tests.tracked import tracked_of, without


def test_hand_that_does_not_hang_on_the_body_is_dropped() -> None:
    tracked = tracked_of(FULL)
    points = tracked.hands.points2d.copy()
    points[30:40, 0] += 100
    made = controlled(replace(tracked, hands=replace(tracked.hands, points2d=points)))
    assert (made.controls.left_hand_score[30:40] == 0).all()
    assert (np.delete(made.controls.left_hand_score, slice(30, 40)) == 1).all()
    assert made.quality["hands_dropped"] == pytest.approx(10 / (2 * FULL.num_frames))


def moved_hands(tracked: Tracked, side: int, way: tuple[float, float]) -> Tracked:
    points = tracked.hands.points2d.copy()
    points[:, side] += np.array(way, np.float32)
    return replace(tracked, hands=replace(tracked.hands, points2d=points))


@pytest.mark.parametrize("settings", [RAW, ControlSettings()])
def test_hand_and_forearm_end_in_one_wrist(settings: ControlSettings) -> None:
    tracked = tracked_of(FULL)
    whole, made = controls(tracked, settings), controls(moved_hands(tracked, 1, (12, -6)), settings)
    wrist = J["right_wrist"]
    np.testing.assert_array_equal(made.right_hand2d[:, 0], made.joints2d[:, wrist])
    np.testing.assert_allclose(made.joints2d[:, wrist], whole.joints2d[:, wrist] + [6, -3], atol=1e-3)
    np.testing.assert_allclose(made.right_hand2d[:, 1:], whole.right_hand2d[:, 1:] + [12, -6], atol=1e-3)
    np.testing.assert_array_equal(made.right_hand3d[:, 0], 0)
    np.testing.assert_array_equal(made.left_hand2d[:, 0], made.joints2d[:, J["left_wrist"]])


def test_hand_and_forearm_end_in_one_wrist_in_metres_too() -> None:
    made = controls(moved_hands(tracked_of(FULL), 1, (12, -6)))
    wrist, middle = made.joints3d[:, J["right_wrist"]], principal_point(FULL.width, FULL.height)
    seen = project(wrist[:, None] + made.right_hand3d, float(made.camera_focal), middle)
    np.testing.assert_allclose(seen[:, 0], made.joints2d[:, J["right_wrist"]], atol=1e-3)
    np.testing.assert_allclose(seen, made.right_hand2d, atol=1.2)  # fingers are not at their wrist's depth


def test_wrist_whose_hand_is_seen_is_seen() -> None:
    tracked = tracked_of(FULL)
    score = tracked.body.score.copy()
    score[:, J["left_wrist"]] = 0.1
    faint = replace(tracked, body=replace(tracked.body, score=score))
    assert (controls(faint).joints_score[:, J["left_wrist"]] == 1).all()
    alone = controls(without(faint, "hands", slice(0, 20)))
    np.testing.assert_allclose(alone.joints_score[:20, J["left_wrist"]], 0.1)


def test_hand_of_a_gap_goes_with_the_arm() -> None:
    tracked = tracked_of(FULL)
    jumps = np.zeros((FULL.num_frames, 1, 2), np.float32)
    jumps[22:24] = (9, 15)
    body = replace(tracked.body, joints2d=tracked.body.joints2d + jumps)
    gone = without(replace(tracked, body=body), "hands", slice(20, 26))
    made, still = controls(gone), controls(without(tracked, "hands", slice(20, 26)))
    np.testing.assert_allclose(made.left_hand2d, still.left_hand2d + jumps, atol=1e-3)


@pytest.mark.parametrize("gap", [slice(20, 28), slice(20, 29)])
def test_hand_of_a_short_gap_is_drawn_and_of_a_long_one_is_not(gap: slice) -> None:
    tracked = tracked_of(FULL)
    made = controls(without(tracked, "hands", gap), ControlSettings())
    drawn = made.left_hand_score >= DRAW_SCORE
    assert drawn[gap].all() == (gap.stop - gap.start <= ControlSettings().max_gap_frames)
    assert drawn[gap].any() == drawn[gap].all()
    assert np.delete(drawn, gap).all()


def test_hand_may_miss_the_wrist_by_half_its_box() -> None:
    tracked = tracked_of(FULL)
    points = tracked.hands.points2d.copy()
    extent = (points[:, 1].max(axis=1) - points[:, 1].min(axis=1)).max(axis=1)
    points[:20, 1, :, 0] -= 0.95 * extent[:20, None]  # the box is twice the extent
    points[20:, 1, :, 0] -= 1.05 * extent[20:, None]
    made = controls(replace(tracked, hands=replace(tracked.hands, points2d=points)))
    assert (made.right_hand_score > 0).tolist() == [True] * 20 + [False] * 28


def test_hands_with_their_sides_mixed_up_are_put_right() -> None:
    tracked = tracked_of(FULL)
    mixed = {name: getattr(tracked.hands, name).copy() for name in ("points2d", "points3d", "score")}
    for value in mixed.values():
        value[5:9] = value[5:9, ::-1]
    made, whole = controls(replace(tracked, hands=replace(tracked.hands, **mixed))), controls(tracked)
    np.testing.assert_array_equal(made.left_hand2d, whole.left_hand2d)
    np.testing.assert_array_equal(made.right_hand3d, whole.right_hand3d)


def test_single_hand_on_the_wrong_side_moves_over() -> None:
    tracked = tracked_of(FULL)
    lone = without(tracked, "hands", slice(None)).hands
    score, points2d = lone.score.copy(), lone.points2d.copy()
    score[:, 0], points2d[:, 0] = 1, tracked.hands.points2d[:, 1]
    points3d = np.where(score[..., None, None] > 0, tracked.hands.points3d[:, [1, 0]], np.nan)
    hands = replace(lone, score=score, points2d=points2d, points3d=points3d.astype(np.float32))
    made = controls(replace(tracked, hands=hands))
    np.testing.assert_array_equal(made.left_hand_score, 0)
    np.testing.assert_array_equal(made.right_hand_score, 1)
    np.testing.assert_allclose(made.right_hand2d, controls(tracked).right_hand2d)
