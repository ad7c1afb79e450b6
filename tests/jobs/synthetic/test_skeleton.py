from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.synthetic.identity import random_identity, shape_of
from jobs.synthetic.motion import PATHS, Course
from jobs.synthetic.skeleton import posed
from pipeline.geometry import head_angles, head_rotation, rotation_about, unit

TIMES = np.arange(9) / 4
COURSE = Course(place=np.array([0.1, 0.2, 3.0]), yaw=0.3, duration_s=2.0)


@pytest.fixture(scope="module")
def shape(model):
    return shape_of(model, random_identity(np.random.default_rng(2)))


def pose_of(path, seed=1):
    return PATHS[path](np.random.default_rng(seed), TIMES, COURSE)


@pytest.mark.parametrize("path", sorted(PATHS))
def test_bones_keep_their_lengths_and_rotations_are_rotations(model, shape, path):
    at = posed(model, shape, pose_of(path))
    np.testing.assert_allclose(
        at.rotation @ at.rotation.swapaxes(-1, -2), np.eye(3) + 0 * at.rotation, atol=1e-9
    )
    lengths = np.linalg.norm(at.tails - at.heads, axis=-1)
    np.testing.assert_allclose(
        lengths, np.linalg.norm(shape.tails - shape.heads, axis=-1) + 0 * lengths, atol=1e-9
    )
    hips = at.heads[:, [model.index["upperleg01.L"], model.index["upperleg01.R"]]].mean(axis=1)
    np.testing.assert_allclose(hips, pose_of(path).place, atol=1e-9)


@pytest.mark.parametrize("path", sorted(PATHS))
def test_limbs_point_where_the_pose_says(model, shape, path):
    pose = pose_of(path)
    at = posed(model, shape, pose)
    chest = pose.hips @ rotation_about(pose.spine)
    for number, side in enumerate("LR"):
        for bones, base, ways in (
            (("upperarm01", "lowerarm01", "wrist"), chest, pose.arms),
            (("upperleg01", "lowerleg01", "foot"), pose.hips, pose.legs),
        ):
            ends = [at.heads[:, model.index[f"{bone}.{side}"]] for bone in bones]
            for part in (0, 1):
                wanted = np.einsum("tij,tj->ti", base, ways[:, number, part])
                np.testing.assert_allclose(unit(ends[part + 1] - ends[part]), unit(wanted), atol=1e-6)


def test_the_head_turns_as_the_pose_says(model, shape):
    pose = pose_of("talk")
    head = posed(model, shape, pose).rotation[:, model.index["head"]]
    wanted = pose.hips @ rotation_about(pose.spine) @ rotation_about(pose.head)
    np.testing.assert_allclose(head, wanted, atol=1e-9)


def test_a_turn_goes_about_once_evenly(model, shape):
    head = posed(model, shape, pose_of("turn")).rotation[:, model.index["head"]]
    yaw, pitch, roll = head_angles(head)
    wanted = head_rotation(0.3 + 2 * np.pi * TIMES / 2.0, 0.0, 0.0)
    np.testing.assert_allclose(head, wanted, atol=1e-9)
    np.testing.assert_allclose(np.unwrap(yaw), 0.3 + 2 * np.pi * TIMES / 2.0, atol=1e-9)
    np.testing.assert_allclose([pitch, roll], 0, atol=1e-9)


def test_paths_do_what_their_names_say(model, shape):
    walked, sat, waved = (pose_of(path).place for path in ("walk", "sit", "stand"))
    ahead = np.array([np.sin(0.3), 0, -np.cos(0.3)])
    assert (walked[-1] - walked[0]) @ ahead > 0.8
    assert sat[-1, 1] - sat[0, 1] > 0.3
    assert np.ptp(waved, axis=0).max() < 0.1
    at = posed(model, shape, pose_of("wave"))
    lift = max(
        (at.heads[:, model.index[f"spine01.{s}"[:7]], 1] - at.heads[:, model.index[f"wrist.{s}"], 1]).max()
        for s in "LR"
    )
    assert lift > 0  # a hand above the chest
    np.testing.assert_array_equal(pose_of("dance").arms, pose_of("dance").arms)
    assert not np.array_equal(pose_of("dance").arms, pose_of("dance", seed=2).arms)


def test_fingers_and_thumb_close_over_the_palm(model, shape):
    pose = pose_of("stand")
    opened, half, closed = (
        posed(model, shape, replace(pose, curls=np.full_like(pose.curls, bend))) for bend in (0.0, 0.5, 1.2)
    )
    for side in "LR":
        wrist, tip = model.index[f"wrist.{side}"], model.index[f"finger3-3.{side}"]
        reach = [np.linalg.norm(at.tails[0, tip] - at.heads[0, wrist]) for at in (opened, closed)]
        assert reach[1] < 0.65 * reach[0]
        thumb, little = model.index[f"finger1-3.{side}"], model.index[f"finger5-1.{side}"]
        apart = [np.linalg.norm(at.tails[0, thumb] - at.heads[0, little]) for at in (opened, half)]
        assert apart[1] < 0.8 * apart[0]
