from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.synthetic.acted import acted, frame_times, views
from jobs.synthetic.film import cast
from jobs.synthetic.parts import PARTS
from jobs.synthetic.scenery import Board
from jobs.synthetic.take import random_actor
from jobs.synthetic.truth import truth
from jobs.synthetic.visible import NOBODY, part_maps
from pipeline.geometry import body_yaw, head_angles
from schemas.joints import J
from tests.jobs.synthetic.takes import take_of

ON = {
    "elbow": ("upper_arm", "forearm"),
    "wrist": ("forearm", "hand"),
    "knee": ("thigh", "shank"),
    "ankle": ("shank", "foot"),
}
"""Joints, and the parts of which a picture that shows the joint shows one there."""


def maps_of(on, times):
    doing = [acted(on.take, actor, who, times) for actor, who in zip(on.take.actors, on.people, strict=True)]
    seen = views(on.take, times)
    return [part_maps(on, doing, on.take.camera, seen[t], t) for t in range(len(times))]


@pytest.mark.parametrize("camera_path", ["still", "hand_held", "dolly"])
def test_a_projected_joint_is_on_the_limb_that_the_picture_shows_there(kept, camera_path):
    on = cast(take_of("wave", num_frames=3, fps=2.0, camera_path=camera_path, width=240, height=320), kept)
    (result,), maps = truth(on), maps_of(on, frame_times(on.take))
    for t, (parts,) in enumerate(maps):
        for side in ("left", "right"):
            for joint, limbs in ON.items():
                x, y = np.round(result.joints2d[t, J[f"{side}_{joint}"]]).astype(int)
                shown = parts[y, x]
                own = [PARTS.index(f"{side}_{limb}") for limb in limbs]
                hidden = result.visible[t, own].min() < 0.8
                assert shown in own or hidden, (t, side, joint, PARTS[shown])
            hand = np.round(result.hands2d[t, ("left", "right").index(side), [5, 9, 13]]).astype(int)
            if result.visible[t, PARTS.index(f"{side}_hand")] > 0.95:
                assert (parts[hand[:, 1], hand[:, 0]] == PARTS.index(f"{side}_hand")).all()


def test_left_is_at_image_right_of_one_who_faces_the_camera_and_at_image_left_from_behind(kept):
    on = cast(take_of("turn", num_frames=3), kept)
    (result,), maps = truth(on), maps_of(on, frame_times(on.take))
    for (parts,), sign in zip(maps, (1, -1, 1), strict=True):
        for limb in ("upper_arm", "thigh", "foot"):
            left, right = (
                np.nonzero(parts == PARTS.index(f"{s}_{limb}"))[1].mean() for s in ("left", "right")
            )
            assert np.sign(left - right) == sign
    sides = result.joints2d[:, J["left_shoulder"], 0] - result.joints2d[:, J["right_shoulder"], 0]
    assert np.sign(sides).tolist() == [1, -1, 1]


def test_the_heads_yaw_of_a_full_turn_is_exact_and_the_bodys_follows(kept):
    (result,) = truth(cast(take_of("turn", num_frames=9), kept))
    wanted = np.linspace(0, 2 * np.pi, 9)
    np.testing.assert_allclose(np.unwrap(head_angles(result.head_rotation)[0]), wanted, atol=1e-9)
    np.testing.assert_allclose(np.unwrap(head_angles(result.hips_rotation)[0]), wanted, atol=1e-9)
    np.testing.assert_allclose(np.unwrap(body_yaw(result.joints3d)), wanted, atol=0.02)


def test_the_sphere_lies_around_the_head_on_all_sides(kept):
    take = take_of("turn", num_frames=5, fps=2.0, camera_path="dolly", width=240, height=320)
    (actor,) = take.actors
    bare = replace(actor, surface=replace(actor.surface, hair_length="cropped"))
    on = cast(replace(take, actors=(bare,)), kept)
    (result,), maps = truth(on), maps_of(on, frame_times(on.take))
    assert 0.09 < result.head_radius_m < 0.14
    y, x = np.mgrid[0:320, 0:240]
    for t, (parts,) in enumerate(maps):
        ball = np.hypot(x - result.head_center[t, 0], y - result.head_center[t, 1]) < result.head_radius[t]
        head = parts == PARTS.index("head")
        assert head[ball].mean() > 0.6
        assert (head & ball).sum() > 0.6 * head.sum()


def test_told_as_seen_a_head_that_looks_into_the_lens_is_the_identity_wherever_it_is(kept):
    take = take_of("turn", num_frames=1, beside_m=0.7)
    (result,) = truth(cast(take, kept))
    away = np.arctan2(*result.head_center3d[0, [0, 2]])
    seen = replace(take, actors=(replace(take.actors[0], yaw=-away),))
    (facing,) = truth(cast(seen, kept))
    np.testing.assert_allclose(head_angles(facing.head_seen)[0], 0, atol=0.02)
    np.testing.assert_allclose(head_angles(facing.head_rotation)[0], -away, atol=1e-9)


def test_the_visible_share_is_that_of_a_picture_of_the_part_alone(kept):
    """A board hides all below the waist: what the shares say is what counting pixels says."""
    board = Board(left=-3, right=3, top=0.0, bottom=3, away=1.0, colour=(0.2, 0.2, 0.2))
    free = take_of("stand", num_frames=1, width=240, height=320)
    plain, hidden = (
        truth(cast(replace(free, boards=boards), kept))[0].visible[0] for boards in ((), (board,))
    )
    on = cast(free, kept)
    ((whole,),) = maps_of(on, frame_times(free))
    row = free.camera.pixels(np.array([0, 0.0, 1.0]))[1]
    for part in range(len(PARTS)):
        shown, total = (whole[: int(row) + 1] == part).sum(), (whole == part).sum()
        assert hidden[part] == pytest.approx(plain[part] * shown / total, abs=0.06), PARTS[part]
    assert plain[PARTS.index("head")] > 0.85  # less what the collar hides
    assert hidden[PARTS.index("left_shank")] == 0


def test_what_is_outside_of_the_picture_counts_as_hidden(kept):
    (result,) = truth(cast(take_of("stand", num_frames=1, framing="half", width=240, height=320), kept))
    shares = dict(zip(PARTS, result.visible[0], strict=True))
    assert shares["head"] > 0.85
    assert 0 < shares["left_thigh"] < 0.6
    assert shares["left_foot"] == shares["right_shank"] == 0


def test_of_two_people_the_farther_one_is_hidden(kept):
    take = take_of("stand", num_frames=1, width=240, height=320)
    other = replace(random_actor(7, "stand"), behind_m=0.8)
    near, far = truth(cast(replace(take, actors=(*take.actors, other)), kept))
    torso = PARTS.index("torso")
    assert near.visible[0, torso] > 0.7
    assert far.visible[0, torso] < 0.4
    assert far.joints3d[0, 0, 2] > near.joints3d[0, 0, 2] + 0.5
    ((first, second),) = maps_of(cast(replace(take, actors=(*take.actors, other)), kept), np.zeros(1))
    assert not ((first != NOBODY) & (second != NOBODY)).any()
