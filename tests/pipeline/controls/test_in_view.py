"""What is not in view is told from what was missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.controls.in_view import in_view
from schemas.joints import J
from schemas.tracks import Tracked
from tests.synth import Scene
from tests.tracked import tracked_of

SCENE = Scene(num_frames=40)


def with_hands(tracked: Tracked, left: float, right: float) -> Tracked:
    score = np.tile(np.array([left, right], np.float32), (SCENE.num_frames, 1))
    return replace(tracked, hands=replace(tracked.hands, score=score))


def unseen(tracked: Tracked, joint: str, frames: slice) -> Tracked:
    score = tracked.body.score.copy()
    score[frames, J[joint]] = 0
    return replace(tracked, body=replace(tracked.body, score=score))


def test_a_hand_that_is_missed_is_in_view_and_scores_nothing() -> None:
    result = in_view(with_hands(tracked_of(SCENE), 0.0, 0.75), 0.5)
    assert (result["left_hand_in_view"], result["left_hand_score"]) == (1.0, 0.0)
    assert (result["right_hand_in_view"], result["right_hand_score"]) == (1.0, 0.75)


def test_a_hand_that_is_not_there_is_not_in_view() -> None:
    result = in_view(unseen(with_hands(tracked_of(SCENE), 0.0, 0.0), "left_wrist", slice(None)), 0.5)
    assert (result["left_hand_in_view"], result["left_hand_score"]) == (0.0, 0.0)
    assert result["right_hand_in_view"] == 1.0


def test_scores_are_the_mean_of_the_frames_in_view() -> None:
    tracked = unseen(with_hands(tracked_of(SCENE), 0.0, 0.0), "left_wrist", slice(0, 20))
    score = tracked.hands.score.copy()
    score[20:30, 0] = 0.5
    result = in_view(replace(tracked, hands=replace(tracked.hands, score=score)), 0.5)
    assert (result["left_hand_in_view"], result["left_hand_score"]) == (0.5, 0.25)


def test_a_wrist_beyond_the_picture_is_not_in_view() -> None:
    tracked = with_hands(tracked_of(SCENE), 0.0, 0.0)
    joints2d = tracked.body.joints2d.copy()
    joints2d[:10, J["left_wrist"], 1] = tracked.clip.video.height + 5
    result = in_view(replace(tracked, body=replace(tracked.body, joints2d=joints2d)), 0.5)
    assert result["left_hand_in_view"] == 0.75


def test_a_head_is_in_view_where_the_person_has_one_and_missed_where_it_is_not_measured() -> None:
    tracked = tracked_of(SCENE)
    valid = np.arange(SCENE.num_frames) >= 10
    missed = replace(tracked, head=replace(tracked.head, valid=tracked.head.valid & valid))
    box = tracked.person.head_box.copy()
    box[30:] = [-90, -90, -50, -50]
    gone = replace(
        missed,
        head=replace(missed.head, valid=missed.head.valid & (np.arange(SCENE.num_frames) < 30)),
        person=replace(tracked.person, head_box=box),
        face=replace(tracked.face, valid=np.zeros(SCENE.num_frames, np.bool_)),
    )
    result = in_view(gone, 0.5)
    assert (result["head_in_view"], result["head_score"]) == (0.75, float(np.mean(gone.head.valid[:30])))
