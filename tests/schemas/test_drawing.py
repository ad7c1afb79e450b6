"""Skeleton and sphere maps: colours, order, thresholds, mirrors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from schemas.drawing import COLOURS, ENDS, LIMBS, POINT_COLOURS, draw_skeleton, draw_spheres, joint_colour
from schemas.joints import BODY_JOINTS, J, mirrored
from tests.synth import Scene, true_controls

WIDTH, HEIGHT = 320, 480


@pytest.fixture(scope="module")
def walk():
    return true_controls(Scene(width=WIDTH, height=HEIGHT, num_frames=6, turn_deg=(0, 150)))


def posed(controls, places, depth=None, hands=0.0):
    """One frame in which only the joints of `places` are seen, hands where they were."""
    joints, score = np.zeros((1, 16, 2), np.float32), np.zeros((1, 16), np.float32)
    depths = np.full((1, 16, 3), 2, np.float32)
    for name, place in places.items():
        joints[0, J[name]], score[0, J[name]] = place, 1
        depths[0, J[name], 2] = (depth or {}).get(name, 2)
    one = {
        name: getattr(controls, name)[:1] for name in controls.__dataclass_fields__ if name != "camera_focal"
    }
    hand = np.full(1, hands, np.float32)
    one |= {"joints2d": joints, "joints3d": depths, "joints_score": score}
    return replace(controls, **one | {"left_hand_score": hand, "right_hand_score": hand})


def test_shapes(walk):
    for draw in (draw_skeleton, draw_spheres):
        maps = draw(walk, WIDTH, HEIGHT)
        assert maps.shape == (6, HEIGHT, WIDTH, 3)
        assert maps.dtype == np.uint8


@pytest.mark.parametrize("draw", [draw_skeleton, draw_spheres])
def test_redrawing_a_stretch_gives_the_same_bytes(walk, draw):
    whole = draw(walk, WIDTH, HEIGHT)
    assert whole[0].any()
    np.testing.assert_array_equal(draw(walk, WIDTH, HEIGHT, slice(2, 5)), whole[2:5])


@pytest.mark.parametrize("draw", [draw_skeleton, draw_spheres])
def test_memory_that_is_given_is_drawn_into_whatever_it_held(walk, draw):
    expected = draw(walk, 120, 160)
    given = np.full_like(expected, 77)
    assert draw(walk, 120, 160, out=given) is given
    assert np.array_equal(given, expected)


def test_a_limb_has_the_hue_of_the_joint_it_ends_in_at_60_percent(walk):
    picture = draw_skeleton(posed(walk, {"left_elbow": (50, 100), "left_wrist": (150, 100)}), WIDTH, HEIGHT)[
        0
    ]
    assert picture[100, 100].tolist() == np.floor(0.6 * np.array(joint_colour("left_wrist")) + 0.5).tolist()
    assert picture[100, 50].tolist() == np.floor(np.array(joint_colour("left_elbow")) + 0.5).tolist()
    assert picture[100, 150].tolist() == np.floor(np.array(joint_colour("left_wrist")) + 0.5).tolist()


def test_colours_are_a_ring_whose_opposites_are_left_and_right():
    assert joint_colour("right_shoulder") == (255, 0, 0)
    assert joint_colour("left_shoulder") == (0, 255, 255)
    assert joint_colour("neck") == joint_colour("pelvis") == (255, 255, 255)
    for name in BODY_JOINTS[2:]:
        other = BODY_JOINTS[mirrored(BODY_JOINTS)[J[name]]]
        np.testing.assert_allclose(np.add(joint_colour(name), joint_colour(other)), 255)


def test_limbs_are_told_apart_by_colour():
    limbs = [tuple(colour) for colour in COLOURS[:14]]
    fingers = [tuple(colour) for colour in COLOURS[14 : len(LIMBS)]]
    assert len(set(limbs)) == 14
    assert len(set(fingers)) == 10
    assert not set(limbs) & set(fingers)


@pytest.mark.parametrize(
    ("width", "height", "half"), [(64, 48, 1), (640, 960, 3), (784, 784, 3), (1600, 1000, 5)]
)
def test_half_width_grows_with_the_canvas(walk, width, height, half):
    picture = draw_skeleton(
        posed(walk, {"left_elbow": (-9, 20), "left_wrist": (width + 9, 20)}), width, height
    )[0]
    column = picture[:, width // 2].max(axis=-1)
    assert column[20 - half : 21 + half].all()
    assert np.count_nonzero(column) == 2 * half + 1


def test_hands_are_thinner(walk):
    points = np.full((1, 21, 2), -99, np.float32)
    points[0, 5:9] = (100, 200), (300, 200), (300, 200), (300, 200)
    hand = replace(posed(walk, {}, hands=1), left_hand2d=points, right_hand2d=0 * points - 99)
    column = draw_skeleton(hand, 1280, 1920)[0, :, 200].max(axis=-1)  # a body's half width here is 6
    assert np.flatnonzero(column).tolist() == list(range(197, 204))


@pytest.mark.parametrize(("score", "drawn"), [(0.3, True), (0.29, False), (0.0, False)])
def test_a_joint_that_is_hardly_seen_is_not_drawn_nor_are_its_limbs(walk, score, drawn):
    places = {"left_shoulder": (50, 50), "left_elbow": (50, 150), "left_wrist": (150, 150)}
    scene = posed(walk, places)
    scores = scene.joints_score.copy()
    scores[0, J["left_elbow"]] = score
    picture = draw_skeleton(replace(scene, joints_score=scores), WIDTH, HEIGHT)[0]
    assert picture[150, 50].any() == drawn
    assert picture[150, 100].any() == drawn
    assert picture[100, 50].any() == drawn
    assert picture[50, 50].any()
    assert picture[150, 150].any()


@pytest.mark.parametrize(("score", "drawn"), [(0.3, True), (0.29, False)])
def test_a_hand_that_is_hardly_seen_is_not_drawn(walk, score, drawn):
    assert draw_skeleton(posed(walk, {}, hands=score), WIDTH, HEIGHT).any() == drawn


@pytest.mark.parametrize(("left", "right"), [(1.9, 2.1), (2.1, 1.9)])
def test_the_nearer_limb_hides_the_farther(walk, left, right):
    places = {
        "left_elbow": (50, 100),
        "left_wrist": (150, 100),
        "right_elbow": (100, 50),
        "right_wrist": (100, 150),
    }
    depth = {name: left if name.startswith("left") else right for name in places}
    picture = draw_skeleton(posed(walk, places, depth), WIDTH, HEIGHT)[0]
    nearer = "left_wrist" if left < right else "right_wrist"
    assert picture[100, 100].tolist() == np.floor(0.6 * np.array(joint_colour(nearer)) + 0.5).tolist()


def test_a_joint_lies_over_its_own_limbs_and_under_nearer_ones(walk):
    """The elbow is farther than the middle of its forearm, which points at the camera, but stays visible."""
    places = {"left_shoulder": (40, 100), "left_elbow": (100, 100), "left_wrist": (160, 100)}
    depth = {"left_shoulder": 2.2, "left_elbow": 2.1, "left_wrist": 1.5}
    elbow = np.floor(np.array(joint_colour("left_elbow")) + 0.5).tolist()
    assert draw_skeleton(posed(walk, places, depth), WIDTH, HEIGHT)[0, 100, 100].tolist() == elbow
    places |= {"right_elbow": (100, 50), "right_wrist": (100, 150)}
    hidden = draw_skeleton(posed(walk, places, depth | {"right_elbow": 1, "right_wrist": 1}), WIDTH, HEIGHT)
    assert hidden[0, 100, 100].tolist() != elbow


def test_a_hand_is_as_far_as_its_wrist(walk):
    """The hand hides the thigh behind it, and the thigh hides a hand behind it."""
    hand = walk.left_hand2d[0]
    (x0, y0), (x1, y1) = hand[5], hand[6]
    middle = np.round([(x0 + x1) / 2, (y0 + y1) / 2]).astype(int)
    thigh = {"left_hip": (middle[0], middle[1] - 60), "left_knee": (middle[0], middle[1] + 60)}
    colours = []
    for wrist in (1.5, 2.5):
        scene = posed(walk, thigh | {"left_wrist": (-90, -90)}, {"left_wrist": wrist}, hands=1)
        colours.append(draw_skeleton(scene, WIDTH, HEIGHT)[0, middle[1], middle[0]])
    assert colours[1].tolist() == np.floor(0.6 * np.array(joint_colour("left_knee")) + 0.5).tolist()
    assert colours[0].tolist() != colours[1].tolist()


def test_a_mirrored_walk_gives_the_mirrored_map_with_left_and_right_colours_swapped():
    """Acceptance check 5 of method.md 13."""
    scene = Scene(width=640, height=960, num_frames=4, turn_deg=(-80, 200))
    maps = draw_skeleton(true_controls(scene), 640, 960)
    flipped = draw_skeleton(true_controls(replace(scene, mirrored=True)), 640, 960)[:, :, ::-1]
    partner = np.array([*mirrored(BODY_JOINTS), *range(37, 58), *range(16, 37)])
    brightness = np.where(np.arange(len(ENDS)) < len(LIMBS), 0.6, 1.0)[:, None]
    swaps = np.concatenate([COLOURS, POINT_COLOURS[partner[ENDS[:, 1]]] * brightness], axis=1)
    swapped = 0
    for swap in np.unique(np.floor(swaps + 0.5), axis=0):
        here = (maps == swap[:3]).all(axis=-1)
        np.testing.assert_allclose(flipped[here], np.broadcast_to(swap[3:], (here.sum(), 3)), atol=1)
        swapped += here.sum()
    drawn = maps.any(axis=-1)
    np.testing.assert_array_equal(drawn, flipped.any(axis=-1))
    assert swapped > 0.5 * drawn.sum()  # the rest are edges


def test_a_mirrored_walk_gives_the_mirrored_sphere_with_red_turned_round():
    scene = Scene(width=WIDTH, height=HEIGHT, num_frames=5, turn_deg=(-40, 60), framing="portrait")
    maps = draw_spheres(true_controls(scene), WIDTH, HEIGHT).astype(int)
    flipped = draw_spheres(true_controls(replace(scene, mirrored=True)), WIDTH, HEIGHT)[:, :, ::-1].astype(
        int
    )
    inside = (maps.any(axis=-1)) & (flipped.any(axis=-1))
    core = (
        inside
        & np.roll(inside, 3, 1)
        & np.roll(inside, -3, 1)
        & np.roll(inside, 3, 2)
        & np.roll(inside, -3, 2)
    )
    assert core.sum() > 20000
    np.testing.assert_allclose(maps[core][:, 0] + flipped[core][:, 0], 255, atol=2)
    np.testing.assert_allclose(maps[core][:, 1:], flipped[core][:, 1:], atol=2)


def test_a_head_is_drawn_where_it_is_known_measured_or_not(walk):
    valid = np.array([True, False, True, True, True, True])
    radius = np.where(np.arange(6) == 2, np.float32(0), walk.head_radius)
    maps = draw_spheres(replace(walk, head_valid=valid, head_radius=radius), WIDTH, HEIGHT)
    assert [bool(m.any()) for m in maps] == [True, True, False, True, True, True]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 500), (16, 16)])
def test_any_canvas_can_be_drawn_on(walk, width, height):
    assert draw_skeleton(walk, width, height).shape == (6, height, width, 3)
    assert draw_spheres(walk, width, height).shape == (6, height, width, 3)
