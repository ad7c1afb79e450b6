"""Key points as COCO has them: numbers of the figure, what is not labelled, and a box around the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jobs.cards.coco import NAMES, PERSON, annotation
from schemas.joints import J
from tests.stored import SCENES
from tests.synth import true_controls

SCENE = SCENES[0]
SIZE = (SCENE.width, SCENE.height)


def test_points_are_those_of_the_tracks_and_the_box_holds_them() -> None:
    controls = true_controls(SCENE)
    said = annotation(controls, 5, SIZE)
    points = np.array(said["keypoints"]).reshape(-1, 3)
    assert len(points) == len(NAMES) == len(PERSON["keypoints"])
    seen = points[:, 2] > 0
    assert said["num_keypoints"] == seen.sum() > 40
    np.testing.assert_allclose(points[J["left_wrist"], :2], controls.joints2d[5, J["left_wrist"]], atol=0.01)
    left, top, width, height = said["bbox"]
    inside = (points[seen, :2] >= (left - 0.01, top - 0.01)) & (
        points[seen, :2] <= (left + width + 0.01, top + height + 0.01)
    )
    assert inside.all()
    assert said["area"] == round(width * height, 2)
    assert top <= controls.head_center[5, 1] - controls.head_radius[5] + 0.01


def test_what_was_not_measured_or_lies_outside_is_not_labelled() -> None:
    controls = true_controls(SCENE)
    score, joints = controls.joints_score.copy(), controls.joints2d.copy()
    score[5, J["left_knee"]], score[5, J["right_knee"]] = 0, 0.25
    joints[5, J["neck"]] = (-3, 20)
    hand = controls.left_hand_score * 0
    told = annotation(replace(controls, joints_score=score, joints2d=joints, left_hand_score=hand), 5, SIZE)
    points = np.array(told["keypoints"]).reshape(-1, 3)
    assert points[J["left_knee"]].tolist() == points[J["neck"]].tolist() == [0, 0, 0]
    assert points[J["right_knee"], 2] == 1
    assert not points[16:37].any()


def test_limbs_are_numbered_from_one() -> None:
    assert [PERSON["keypoints"][at - 1] for at in PERSON["skeleton"][0]] == ["neck", "left_shoulder"]
    last = [PERSON["keypoints"][at - 1] for at in PERSON["skeleton"][-1]]
    assert last == ["right_hand_little_3", "right_hand_little_4"]
    assert max(map(max, PERSON["skeleton"])) == len(NAMES)
