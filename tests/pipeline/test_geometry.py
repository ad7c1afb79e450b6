import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry import (
    apply_affine,
    body_yaw,
    bounding_box,
    box_iou,
    canvas_affine,
    canvas_size,
    centred_affine,
    chordal_mean,
    circular_median,
    grow_box,
    head_angles,
    head_rotation,
    orthonormalise,
    principal_point,
    project,
    quaternion,
    rotation,
    rotation_about,
    rotation_vector,
    slerp,
    square_box,
    torso_frame,
    wrap_angle,
)
from schemas.controls import CANVAS_AREA
from schemas.joints import BODY_JOINTS, J, mirrored

RANDOM = np.random.default_rng(0)
TURNS = rotation(RANDOM.normal(size=(200, 4)))


def standing(yaw: float) -> np.ndarray:
    """The torso of an upright figure that faces `yaw`, 3 m away."""
    joints = np.zeros((16, 3))
    for name, across, down in [("shoulder", 0.2, -0.5), ("hip", 0.12, 0.0)]:
        joints[J[f"left_{name}"]] = [across, down, 0]
        joints[J[f"right_{name}"]] = [-across, down, 0]
    return joints @ head_rotation(yaw, 0, 0).T + [0, 0, 3]


# Canvas


@pytest.mark.parametrize("aspect", np.geomspace(9 / 21, 21 / 9, 101))
def test_canvas_is_within_two_percent_of_the_area_and_never_above(aspect: float) -> None:
    source = round(10_000 * aspect), 10_000
    width, height = canvas_size(*source)
    assert (width % 16, height % 16) == (0, 0)
    assert 0.98 * CANVAS_AREA <= width * height <= CANVAS_AREA
    ratio = width / height * source[1] / source[0]
    assert 1 / 1.03 < ratio < 1.03


@pytest.mark.parametrize("area", [16_000, 24_576, 50_000, 81_920, 100_000, 262_144, 1_000_000])
@given(aspect=st.floats(9 / 21, 21 / 9))
def test_canvas_of_any_area_keeps_the_aspect_or_is_refused(area: int, aspect: float) -> None:
    source = round(2_000 * aspect), 2_000
    try:
        w, h = canvas_size(*source, area)
    except ValueError:
        assert area < 81_920
    else:
        assert (w % 16, h % 16) == (0, 0)
        assert 0.4 * area <= w * h <= area
        assert 1 / 1.03 < w / h * source[1] / source[0] < 1.03


def test_a_square_has_a_square_canvas_of_any_area() -> None:
    assert canvas_size(480, 480, 24_576) == (144, 144)


@pytest.mark.parametrize(
    ("source", "canvas"),
    [
        ((2000, 3000), (640, 960)),
        ((1080, 720), (960, 640)),
        ((1920, 1080), (1024, 592)),
        ((512, 512), (784, 768)),
    ],
)
def test_known_canvases(source: tuple[int, int], canvas: tuple[int, int]) -> None:
    assert canvas_size(*source) == canvas


def test_an_aspect_may_miss_by_more_where_that_is_asked_for() -> None:
    width, height = canvas_size(320, 150, 16_000, 0.25)
    assert 0.03 < abs(width / height / (320 / 150) - 1) < 0.07


def test_impossible_canvas_is_refused() -> None:
    with pytest.raises(ValueError, match="no canvas of 400 to 1000 px has nearly the shape of 400x300 px"):
        canvas_size(400, 300, area=1000)


@given(st.integers(1500, 3000), st.integers(1500, 3000))
def test_affine_covers_the_canvas_and_keeps_the_centre(width: int, height: int) -> None:
    canvas = canvas_size(width, height)
    affine = canvas_affine(width, height, canvas)
    corners = apply_affine(affine, np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]]))
    assert (corners[0] <= -0.5 + 1e-6).all()
    assert (corners[1] >= np.array(canvas) - 0.5 - 1e-6).all()
    assert np.isclose(corners[0], -0.5, atol=1e-6).any(), "one axis is not cut at all"
    np.testing.assert_allclose(apply_affine(affine, principal_point(width, height)), principal_point(*canvas))


def test_projection_agrees_before_and_after_the_canvas() -> None:
    points = np.array([0, 0, 5]) + RANDOM.normal(size=(7, 16, 3))
    affine = canvas_affine(1920, 1080, (1024, 592))
    on_source = project(points, 2000.0, principal_point(1920, 1080))
    on_canvas = project(points, 2000.0 * affine[0, 0], principal_point(1024, 592))
    np.testing.assert_allclose(apply_affine(affine, on_source), on_canvas)


def test_centred_affine_puts_its_point_in_the_middle() -> None:
    affine = centred_affine((10.0, 20.0), 3.0, (64, 32))
    np.testing.assert_allclose(
        apply_affine(affine, np.array([[10.0, 20.0], [11.0, 20.0]])), [[31.5, 15.5], [34.5, 15.5]]
    )


# Rotations


def test_quaternions_and_vectors_give_the_rotation_back() -> None:
    np.testing.assert_allclose(rotation(quaternion(TURNS)), TURNS, atol=1e-12)
    np.testing.assert_allclose(rotation_about(rotation_vector(TURNS)), TURNS, atol=1e-12)


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_and_no_turn(axis: np.ndarray) -> None:
    half = rotation_about(np.pi * axis)
    np.testing.assert_allclose(half, np.diag(2 * axis - 1), atol=1e-12)
    np.testing.assert_allclose(rotation_about(rotation_vector(half)), half, atol=1e-12)
    np.testing.assert_allclose(rotation_vector(np.eye(3)), 0)


def test_slerp_goes_the_short_way_at_even_speed() -> None:
    start, stop = rotation_about([0, np.radians(170), 0]), rotation_about([0, np.radians(-170), 0])
    way = slerp(start, stop, np.array([0, 0.25, 0.5, 1]))
    expected = rotation_about(np.radians([[0, 170, 0], [0, 175, 0], [0, 180, 0], [0, 190, 0]]))
    np.testing.assert_allclose(way, expected, atol=1e-12)


def test_chordal_mean_of_opposed_turns_is_their_middle() -> None:
    base = TURNS[0]
    pair = np.stack([base @ rotation_about([0.3, 0, 0]), base @ rotation_about([-0.3, 0, 0])])
    np.testing.assert_allclose(chordal_mean(pair), base, atol=1e-12)


def test_orthonormalise_gives_rotations_never_reflections() -> None:
    np.testing.assert_allclose(orthonormalise(3 * TURNS), TURNS, atol=1e-12)
    reflected = orthonormalise(TURNS @ np.diag([1.0, 1.0, -0.5]))
    np.testing.assert_allclose(np.linalg.det(reflected), 1)


@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(-179, 179))
def test_angles_of_a_head_are_those_it_was_made_of(yaw: float, pitch: float, roll: float) -> None:
    angles = np.radians([yaw, pitch, roll])
    np.testing.assert_allclose(head_angles(head_rotation(*angles)), angles, atol=1e-6)


def test_signs_of_the_angles() -> None:
    gaze, crown = np.array([0, 0, -1.0]), np.array([0, -1.0, 0])
    assert (head_rotation(0.3, 0, 0) @ gaze)[0] > 0, "yaw looks to image right"
    assert (head_rotation(0, 0.3, 0) @ gaze)[1] < 0, "pitch looks up"
    assert (head_rotation(0, 0, 0.3) @ crown)[0] > 0, "roll leans the crown to image right"


# Body


@pytest.mark.parametrize("degrees", [-170, -90, -45, 0, 10, 90, 135, 179])
def test_yaw_of_a_standing_figure(degrees: float) -> None:
    np.testing.assert_allclose(body_yaw(standing(np.radians(degrees))), np.radians(degrees), atol=1e-12)


def test_torso_of_a_frontal_figure_is_the_identity() -> None:
    np.testing.assert_allclose(torso_frame(standing(0.0)), np.eye(3), atol=1e-12)


def test_mirrored_figure_has_the_opposite_yaw() -> None:
    joints = standing(0.7)[list(mirrored(BODY_JOINTS))] * [-1, 1, 1]
    np.testing.assert_allclose(body_yaw(joints), -0.7)


def test_collapsed_figure_still_has_a_frame() -> None:
    np.testing.assert_allclose(torso_frame(np.zeros((2, 16, 3))), np.broadcast_to(np.eye(3), (2, 3, 3)))


def test_wrapping() -> None:
    np.testing.assert_allclose(
        wrap_angle([0, np.pi, -np.pi, 3.5, 7]), [0, np.pi, np.pi, 3.5 - 2 * np.pi, 7 - 2 * np.pi]
    )


def test_circular_median_is_robust_and_knows_an_even_spread() -> None:
    center, away = circular_median(np.radians([170, 175, 179, -175, -170, 10]))
    assert abs(np.degrees(center)) >= 174
    assert np.degrees(away) < 40
    assert circular_median(np.radians([-30.5]))[1] == 0
    even = circular_median(np.radians(np.arange(0.5, 360, 15)))[1]
    np.testing.assert_allclose(np.degrees(even), 90)


# Boxes


def test_boxes() -> None:
    np.testing.assert_allclose(bounding_box(np.array([[3.0, 1], [0, 5], [2, 2]])), [0, 1, 3, 5])
    np.testing.assert_allclose(square_box(np.array([0.0, 1, 2, 7])), [-2, 1, 4, 7])
    np.testing.assert_allclose(grow_box(np.array([0.0, 0, 10, 20]), 1.44, above=0.75), [-1, -3, 11, 21])
    a, b = np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 3, 2])
    np.testing.assert_allclose(
        [box_iou(a, b), box_iou(a, a), box_iou(a, b + 5), box_iou(a * 0, a * 0)], [1 / 3, 1, 0, 0]
    )
