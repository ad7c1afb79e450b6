"""Poses by what is known of them: moved, scaled and partly hidden ones are the same, others are not."""

from __future__ import annotations

import numpy as np

from pipeline.references.poses import poses_apart, unlike
from schemas.joints import BODY_JOINTS

RNG = np.random.default_rng(0)
WRIST = BODY_JOINTS.index("left_wrist")
SEEN = np.ones((1, 16), np.bool_)
NONE = np.zeros(5, np.bool_)


def standing() -> np.ndarray:
    joints = RNG.normal(0, 0.3, (16, 2))
    joints[BODY_JOINTS.index("pelvis")], joints[BODY_JOINTS.index("neck")] = (0, 0.5), (0, -0.5)
    return joints


def test_place_and_size_are_no_pose_and_hidden_joints_do_not_count() -> None:
    pose = standing()
    hidden = pose.copy()
    hidden[WRIST] += 50
    seen = np.repeat(SEEN, 3, axis=0)
    seen[2, WRIST] = False
    apart = poses_apart(np.stack([100 * pose + 7, 200 * pose - 3, 100 * hidden]), seen)
    np.testing.assert_allclose(apart, 0, atol=1e-6)


def test_a_raised_arm_is_as_far_as_it_is_raised() -> None:
    pose = standing()
    raised = pose.copy()
    raised[WRIST, 1] -= 1.0  # one torso
    apart = poses_apart(np.stack([pose, raised]), np.repeat(SEEN, 2, axis=0))
    expected = np.sqrt((1 - 1 / 16) / 16)  # after the means are laid upon each other
    np.testing.assert_allclose(apart, [[0, expected], [expected, 0]], atol=1e-9)


def test_poses_of_few_common_joints_count_as_one() -> None:
    seen = np.zeros((2, 16), np.bool_)
    seen[:, :3] = True
    assert not poses_apart(RNG.normal(size=(2, 16, 2)), seen).any()


def test_the_most_unlike_are_taken_and_nobody_twice() -> None:
    line = np.array([0.0, 1.0, 2.0, 9.0, 10.0])
    apart = np.abs(line[:, None] - line)
    assert unlike(apart, NONE, np.zeros(5), 2) == [0, 3], "3 and 4 are nearly as far: the first of equals"
    assert unlike(apart, NONE, np.arange(5.0), 2) == [4, 1], "of nearly equal ones the clearest"
    assert unlike(apart, np.arange(5) == 3, np.arange(5.0), 2)[0] == 3, "the preferred one first"
    assert sorted(unlike(np.zeros((3, 3)), NONE[:3], np.zeros(3), 5)) == [0, 1, 2]
