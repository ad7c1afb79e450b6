"""Body and hands on one SMPL-X, by known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy

from pipeline.controls.body_and_hands import BodyControls, HandControls
from pipeline.controls.fusion import MOST_ROLL, FusedBody, drawn_from, fused, split_roll, wrist_in_arm
from pipeline.controls.smoothing import SmoothingSettings
from pipeline.controls.smplx_tree import ELBOWS, OUR_BODY, OUR_HANDS, WRISTS, placed, turns_in_camera
from pipeline.estimators.hmr.body_model import SMPLX, SmplModel
from pipeline.estimators.hmr.hands import MIRROR
from pipeline.geometry import principal_point, project, rotation_about, rotation_vector
from schemas.tracks import BodyTrack, HandTrack
from tests.pipeline.estimators.hmr.models import arrays_of, rest_of

FRAMES = 6
STILL = SmoothingSettings(body=0, hands=0, head=0, face_window=0)
SHOWN = np.arange(FRAMES)
REST = rest_of(SMPLX)
FOCAL = 2000.0


def f32(values) -> np.ndarray:
    return np.asarray(values, np.float32)


def random_turns(seed: int, *shape: int, most: float = 0.4) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(0, most, (int(np.prod(shape)), 3))
    return scipy.spatial.transform.Rotation.from_rotvec(vectors).as_matrix().reshape(*shape, 3, 3)


def body_of(turns: np.ndarray, place=(0.1, 0.2, 5.0)) -> BodyTrack:
    """A body whose pelvis stays in one place."""
    whole = np.tile(np.eye(3), (len(turns), 55, 1, 1))
    whole[:, :22] = turns
    joints = placed(whole, REST)[:, OUR_BODY] - REST[0] + place
    return BodyTrack(
        joints2d=f32(project(joints, FOCAL, np.zeros(2))),
        joints3d=f32(joints),
        score=np.ones((len(turns), 16), np.float32),
        valid=np.ones(len(turns), np.bool_),
        focal_px=FOCAL,
        rotations=f32(turns),
        betas=np.zeros((len(turns), 10), np.float32),
        rest=f32(np.tile(REST, (len(turns), 1, 1))),
    )


def hands_of(wrists: np.ndarray, fingers: np.ndarray, score: float = 1.0) -> HandTrack:
    """Hands (t, 2) by wrists in the camera frame and fingers."""
    return HandTrack(
        points2d=np.zeros((len(wrists), 2, 21, 2), np.float32),
        points3d=np.zeros((len(wrists), 2, 21, 3), np.float32),
        score=np.full((len(wrists), 2), score, np.float32),
        rotations=f32(np.concatenate([wrists[:, :, None], fingers], axis=2)),
    )


def on_body(turns: np.ndarray, bends: np.ndarray) -> np.ndarray:
    """Wrists (t, 2, 3, 3) in the camera frame that bend so behind the forearms."""
    return np.asarray(turns_in_camera(turns)[:, list(ELBOWS)] @ bends)


def fuse(body: BodyTrack, hands: HandTrack, gap: int = 2) -> FusedBody:
    whole = fused(body, hands, gap, STILL, SHOWN[: len(body.valid)])
    assert whole is not None
    return whole


def camera_turns(whole: FusedBody) -> np.ndarray:
    pose = whole.pose
    local = np.concatenate([pose.global_orient[:, None], pose.body_pose], axis=1)
    return turns_in_camera(local.astype(float))


@pytest.fixture
def turns() -> np.ndarray:
    return random_turns(1, FRAMES, 22)


@pytest.fixture
def fingers() -> np.ndarray:
    return random_turns(2, FRAMES, 2, 15)


def test_the_wrists_in_the_camera_frame_are_the_hands_own(turns, fingers) -> None:
    wrists = on_body(turns, random_turns(3, FRAMES, 2))
    whole = fuse(body_of(turns), hands_of(wrists, fingers))
    np.testing.assert_allclose(camera_turns(whole)[:, list(WRISTS)], wrists, atol=2e-6)
    np.testing.assert_allclose(whole.pose.left_hand_pose, fingers[:, 0], atol=1e-6)
    np.testing.assert_allclose(whole.pose.right_hand_pose, fingers[:, 1], atol=1e-6)
    assert whole.hands_known.all()


def test_the_bodys_own_wrists_as_hands_give_the_body_back(turns, fingers) -> None:
    wrists = turns_in_camera(turns)[:, list(WRISTS)]
    np.testing.assert_allclose(
        wrist_in_arm(turns_in_camera(turns)[:, 18], wrists[:, 0]), turns[:, 20], atol=1e-9
    )
    whole = fuse(body_of(turns), hands_of(wrists, fingers))
    same = [j for j in range(21) if j + 1 not in (*ELBOWS, *WRISTS)]
    np.testing.assert_allclose(whole.pose.body_pose[:, same], turns[:, 1:][:, same], atol=1e-6)
    np.testing.assert_allclose(camera_turns(whole), turns_in_camera(turns) @ rolled(whole, turns), atol=2e-6)


def rolled(whole: FusedBody, turns: np.ndarray) -> np.ndarray:
    """What the forearms took of the wrists' roll; no other joint's rotation in the camera frame changes."""
    result = np.tile(np.eye(3), (FRAMES, 22, 1, 1))
    for elbow in ELBOWS:
        result[:, elbow] = np.swapaxes(turns[:, elbow], 1, 2) @ whole.pose.body_pose[:, elbow - 1]
    return result


def test_a_mirrored_person_is_fused_to_the_mirrored_one(turns, fingers) -> None:
    wrists = on_body(turns, random_turns(3, FRAMES, 2))
    one = fuse(body_of(turns), hands_of(wrists, fingers))
    partner = [0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20]
    place = np.array([0.1, 0.2, 5.0])
    other = fuse(
        body_of(mirror(turns[:, partner]), MIRROR * place),
        hands_of(mirror(wrists[:, ::-1]), mirror(fingers[:, ::-1])),
    )
    for ours, others in ((OUR_BODY, mirrored_body()), (OUR_HANDS[0], OUR_HANDS[1])):
        np.testing.assert_allclose(other.joints[:, others], one.joints[:, ours] * MIRROR, atol=1e-5)


def mirror(rotations: np.ndarray) -> np.ndarray:
    return np.asarray(MIRROR[:, None] * rotations * MIRROR)


def mirrored_body() -> list[int]:
    from schemas.joints import BODY_JOINTS, mirrored

    return [OUR_BODY[j] for j in mirrored(BODY_JOINTS)]


def test_a_hand_that_stays_while_the_elbow_bends_is_bent_back() -> None:
    turns = np.tile(np.eye(3), (FRAMES, 22, 1, 1))
    turns[:, 18] = rotation_about(np.array([0, 0, np.pi / 2 - 0.01]))
    flat = np.tile(np.eye(3), (FRAMES, 2, 15, 1, 1))
    whole = fuse(body_of(turns), hands_of(np.tile(np.eye(3), (FRAMES, 2, 1, 1)), flat))
    expected = rotation_about(np.array([0, 0, 0.01 - np.pi / 2]))
    np.testing.assert_allclose(whole.pose.body_pose[:, 19], np.tile(expected, (FRAMES, 1, 1)), atol=1e-6)


def test_fingers_without_rotation_are_the_flat_hand_of_the_model(turns) -> None:
    flat = np.tile(np.eye(3), (FRAMES, 2, 15, 1, 1))
    whole = fuse(body_of(turns), hands_of(on_body(turns, np.tile(np.eye(3), (FRAMES, 2, 1, 1))), flat))
    wrist = camera_turns(whole)[:, 20]
    for point in OUR_HANDS[0]:
        expected = np.einsum("tij,j->ti", wrist, REST[point] - REST[20])
        np.testing.assert_allclose(whole.joints[:, point] - whole.joints[:, 20], expected, atol=1e-6)


def test_no_joint_up_to_the_wrists_moves(turns, fingers) -> None:
    body = body_of(turns)
    whole = fuse(body, hands_of(on_body(turns, random_turns(3, FRAMES, 2)), fingers))
    np.testing.assert_allclose(whole.joints[:, OUR_BODY], body.joints3d, atol=1e-5)
    assert np.abs(whole.pose.body_pose[:, 19] - turns[:, 20]).max() > 0.1  # though the wrist turns


def test_a_wrong_wrist_of_the_body_is_put_right_by_the_hand(turns, fingers) -> None:
    wrists = turns_in_camera(turns)[:, list(WRISTS)]
    wrong = turns.copy()
    wrong[:, 20] = turns[:, 20] @ rotation_about(np.radians([0.0, 20.0, 22.0]))
    whole = fuse(body_of(wrong), hands_of(wrists, fingers))
    np.testing.assert_allclose(camera_turns(whole)[:, list(WRISTS)], wrists, atol=2e-6)


def test_roll_is_shared_with_the_forearm_and_nothing_else_changes() -> None:
    axis = np.array([1.0, 0.0, 0.0])
    for degrees, taken in ((30.0, 30.0), (80.0, 45.0), (-70.0, -45.0)):
        bend = rotation_about(np.array([[0.0, 0.3, -0.2]]))
        whole = rotation_about(np.radians(degrees) * axis)[None] @ bend
        roll, rest = split_roll(whole, axis)
        np.testing.assert_allclose(roll @ rest, whole, atol=1e-9)
        np.testing.assert_allclose(np.degrees(rotation_vector(roll)), [[taken, 0, 0]], atol=1.5)
        assert np.linalg.norm(rotation_vector(roll)) <= MOST_ROLL + 1e-9
    np.testing.assert_allclose(split_roll(bend, axis)[1], bend, atol=0.05)


def test_a_wrist_that_no_wrist_can_be_leaves_the_bodys(turns, fingers) -> None:
    bends = np.tile(rotation_about(np.array([0, 2.5, 0])), (FRAMES, 2, 1, 1))
    whole = fuse(body_of(turns), hands_of(on_body(turns, bends), fingers))
    assert not whole.hands_known.any()
    np.testing.assert_allclose(whole.pose.body_pose, turns[:, 1:], atol=1e-6)
    np.testing.assert_allclose(whole.pose.left_hand_pose, np.tile(np.eye(3), (FRAMES, 15, 1, 1)), atol=1e-6)


def test_short_gaps_of_a_hand_are_bridged_and_long_ones_not(turns, fingers) -> None:
    hands = hands_of(on_body(turns, random_turns(3, FRAMES, 2)), fingers)
    score = hands.score.copy()
    score[2:4, 0], score[1:5, 1] = 0, 0
    whole = fuse(body_of(turns), replace(hands, score=score))
    assert whole.hands_known[:, 0].all()
    assert whole.hands_known[:, 1].tolist() == [True, False, False, False, False, True]


def test_places_are_those_of_the_model_itself() -> None:
    import torch

    local = random_turns(4, 2, 55)
    arrays = arrays_of(SMPLX)
    arrays["posedirs"][:] = 0
    model = SmplModel(SMPLX, arrays)
    betas = torch.zeros(2, 10)
    expected = model(torch.from_numpy(local).float(), betas).numpy()
    np.testing.assert_allclose(placed(local, model.rest(betas)[0].numpy()), expected, atol=1e-5)


def test_what_is_drawn_are_the_models_joints(turns, fingers) -> None:
    whole = fuse(body_of(turns), hands_of(on_body(turns, random_turns(3, FRAMES, 2)), fingers))
    before = BodyControls(
        np.zeros((FRAMES, 16, 2)), np.zeros((FRAMES, 16, 3)), np.ones((FRAMES, 16)), np.ones(FRAMES, bool)
    )
    none = HandControls(np.zeros((FRAMES, 2, 21, 2)), np.zeros((FRAMES, 2, 21, 3)), np.ones((FRAMES, 2)))
    body, hands = drawn_from(whole, before, none, FOCAL, np.array([47.5, 31.5]))
    flat = project(whole.joints, FOCAL, principal_point(96, 64))
    np.testing.assert_allclose(body.joints2d, flat[:, OUR_BODY])
    np.testing.assert_allclose(hands.points2d[:, 1], flat[:, OUR_HANDS[1]])
    np.testing.assert_allclose(hands.points2d[:, :, 0], body.joints2d[:, [6, 7]])
    np.testing.assert_allclose(hands.points3d[:, :, 0], 0)


def test_without_a_model_nothing_is_fused(turns, fingers) -> None:
    body = body_of(turns)
    none = replace(body, rotations=body.rotations[:, :0], rest=body.rest[:, :0], betas=body.betas[:, :0])
    assert fused(none, hands_of(turns[:, :2], fingers), 2, STILL, SHOWN) is None
