"""Rotation and sphere of known heads: projections of the canonical face, and real pictures."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from benchmarks.accuracy.head import error, labelled_head, load
from pipeline.estimators.head_pose import (
    BASIS,
    SPHERE_CENTER_CM,
    SPHERE_RADIUS_CM,
    MeshHead,
    canonical,
    fit_heads,
    similarity,
    turn_towards,
)
from pipeline.estimators.mediapipe.attention import NUM_POINTS
from pipeline.estimators.mediapipe.face import MediapipeFace
from pipeline.geometry import head_angles, head_rotation, rotation_vector
from schemas.tracks import FaceTrack
from tests.film import clip_frames
from tests.pipeline.estimators.heads import heads_at

WIDTH, HEIGHT, FOCAL_PX = 1280, 720, float(np.hypot(1280, 720))
PRINCIPAL = np.array([639.5, 359.5])
CENTRE, TOP, CORNER, BEYOND = (639.5, 359.5), (639.5, 60.0), (1180.0, 650.0), (1300.0, -15.0)
DISTANCE_CM = 120.0


def angle_deg(one, other):
    return np.degrees(np.linalg.norm(rotation_vector(np.swapaxes(one, -1, -2) @ other), axis=-1))


def looking(place):
    """Rotation from a camera that looks at a pixel to the camera of the picture."""
    return turn_towards(np.array([[*(np.array(place) - PRINCIPAL), FOCAL_PX]]))[0]


def pinhole(points, place):
    """Pixels of points (n, 3) in the frame of the camera that looks at `place`."""
    seen = points @ looking(place).T
    return FOCAL_PX * seen[:, :2] / seen[:, 2:] + PRINCIPAL


def mesh_of(rotation, place=CENTRE, distance_cm=DISTANCE_CM):
    """The mesh that a perfect network gives of the canonical face, its mean on the ray of `place`."""
    index, face, weight = canonical()
    turned = (face - weight @ face) @ rotation.T
    cos = looking(place)[2, 2]
    mesh = np.zeros((NUM_POINTS, 3))
    mesh[index, :2] = pinhole(turned + np.array([0, 0, distance_cm]), place)
    mesh[index, 2] = turned[:, 2] * FOCAL_PX / distance_cm / cos**1.5
    return mesh


def sphere_middle(rotation, distance_cm=DISTANCE_CM):
    _, face, weight = canonical()
    return rotation @ (np.array(SPHERE_CENTER_CM) - weight @ face) + (0, 0, distance_cm)


def fit(mesh):
    rotation, center, radius = fit_heads(mesh[None], FOCAL_PX, PRINCIPAL)
    return rotation[0], center[0], radius[0]


def track_of(*meshes, valid):
    return FaceTrack(
        box=np.zeros((len(meshes), 4), np.float32),
        mesh=np.stack(meshes).astype(np.float32),
        score=np.ones(len(meshes), np.float32),
        eyes_open=np.ones(len(meshes), np.float32),
        valid=np.array(valid),
    )


def film(num_frames):
    return np.zeros((num_frames, HEIGHT, WIDTH, 3), np.uint8)


def test_the_basis_is_the_published_one():
    """MediaPipe's canonical face: 33 points, weights of sum 1.055, a face 15.5 cm wide."""
    index, face, weight = canonical()
    assert len(index) == len(set(index)) == 33
    assert sum(row[2] * (2 - (row[0] == row[1])) for row in BASIS) == pytest.approx(1.055, abs=1e-3)
    assert all(row[3] < 0 or row[0] == row[1] for row in BASIS)  # the right one of each pair
    assert np.ptp(face[:, 0]) == pytest.approx(15.486)
    assert weight.sum() == pytest.approx(1)


@pytest.mark.parametrize("place", [CENTRE, TOP, CORNER, BEYOND])
@pytest.mark.parametrize("yaw", [-75, -40, 0, 20, 60])
@pytest.mark.parametrize("pitch", [-30, 0, 30])
@pytest.mark.parametrize("roll", [-80, 0, 30])
def test_known_rotations_are_recovered_anywhere_in_the_picture(place, yaw, pitch, roll):
    truth = head_rotation(*np.radians([yaw, pitch, roll]))
    rotation, center, _ = fit(mesh_of(truth, place))
    assert angle_deg(truth, rotation) < 0.5
    np.testing.assert_allclose(center, pinhole(sphere_middle(truth)[None], place)[0], atol=2)


@pytest.mark.parametrize("distance_cm", [45, 90, 600])
def test_the_size_is_right_near_and_far(distance_cm):
    rotation, center, radius = fit(mesh_of(np.eye(3), distance_cm=distance_cm))
    middle = sphere_middle(np.eye(3), distance_cm)
    assert angle_deg(np.eye(3), rotation) < 0.1
    assert radius == pytest.approx(FOCAL_PX * SPHERE_RADIUS_CM / middle[2], rel=1e-3)
    np.testing.assert_allclose(center, pinhole(middle[None], CENTRE)[0], atol=0.2)


def test_whoever_looks_into_the_lens_is_frontal_everywhere():
    for place in (CENTRE, TOP, CORNER):
        np.testing.assert_allclose(fit(mesh_of(np.eye(3), place))[0], np.eye(3), atol=5e-3)


def test_signs():
    """Looking to image right, up, and leaning to image right are positive yaw, pitch and roll."""
    nose, crown = np.array([0, 0, -1.0]), np.array([0, -1.0, 0])
    turned = fit(mesh_of(head_rotation(0.4, 0.0, 0.0)))[0] @ nose
    raised = fit(mesh_of(head_rotation(0.0, 0.4, 0.0)))[0] @ nose
    leaning = fit(mesh_of(head_rotation(0.0, 0.0, 0.4)))[0] @ crown
    assert turned[0] > 0.3
    assert raised[1] < -0.3
    assert leaning[0] > 0.3


def test_a_mirrored_face_has_the_mirrored_head():
    index, _, _ = canonical()
    partner = {right: left for right, left, *_ in BASIS} | {left: right for right, left, *_ in BASIS}
    mesh = mesh_of(head_rotation(0.5, -0.2, 0.3), (900.0, 200.0))
    mirrored = np.zeros_like(mesh)
    for point in index:
        mirrored[partner[point]] = mesh[point] * (-1, 1, 1) + (WIDTH - 1, 0, 0)
    (one, center, radius), (other, other_center, other_radius) = fit(mesh), fit(mirrored)
    flip = np.diag([-1.0, 1, 1])
    np.testing.assert_allclose(other, flip @ one @ flip, atol=1e-9)
    np.testing.assert_allclose(other_center, (WIDTH - 1 - center[0], center[1]))
    assert other_radius == pytest.approx(radius)


def test_a_reflection_is_no_rotation():
    """Points that only a mirror explains: the nearest proper rotation is given."""
    _, face, weight = canonical()
    rotation, scale, _ = similarity(face, (face * (1, 1, -1))[None], weight)
    assert np.linalg.det(rotation[0]) == pytest.approx(1)
    assert scale[0] > 0


def test_noise_turns_the_head_little():
    """Noise of 1 % of the face's width, such as expressions make, turns the head by less than 3 degrees."""
    noise = np.random.default_rng(0).normal(0, 0.01 * 15.5 * FOCAL_PX / DISTANCE_CM, (20, NUM_POINTS, 3))
    truth = head_rotation(0.3, 0.1, 0.0)
    rotation, _, _ = fit_heads(mesh_of(truth) + noise, FOCAL_PX, PRINCIPAL)
    assert angle_deg(truth, rotation).max() < 3


@pytest.mark.parametrize("yaw", [-45, 0, 45])
def test_the_sphere_covers_the_head(yaw):
    """Chin, crown, forehead and temples of a usual head, in canonical centimetres."""
    head = np.array([(0, 9.0, -3), (0, -13.5, 4), (0, -8.3, -4.5), (7.7, -2.4, 2), (-7.7, -2.4, 2)])
    rotation = head_rotation(np.radians(yaw), 0.0, 0.0)
    _, face, weight = canonical()
    points = pinhole((head - weight @ face) @ rotation.T + (0, 0, DISTANCE_CM), CENTRE)
    _, center, radius = fit(mesh_of(rotation))
    assert np.linalg.norm(points - center, axis=1).max() < 1.15 * radius  # a chin is no ball
    assert radius < 1.35 * np.ptp(points[:, 1]) / 2


def test_where_there_is_no_face_there_is_no_head():
    mesh = mesh_of(head_rotation(0.2, 0.0, 0.0))
    head = MeshHead().build()(film(3), track_of(mesh, 0 * mesh, mesh, valid=[True, False, True]))
    assert head.valid.tolist() == [True, False, True]
    np.testing.assert_array_equal(head.rotation[1], np.eye(3))
    assert head.radius[1] == 0
    assert not head.center[1].any()
    assert angle_deg(head.rotation[2].astype(float), head_rotation(0.2, 0.0, 0.0)) < 0.1
    nobody = MeshHead().build()(film(2), track_of(mesh, mesh, valid=[False, False]))
    assert not nobody.valid.any()


def test_a_mirrored_photograph_has_the_mirrored_head():
    """The network itself is not symmetric, by two degrees here."""
    photo = skimage.data.astronaut()
    film = np.stack([photo, photo[:, ::-1]])
    faces = MediapipeFace().build()(film, heads_at((120, 5, 330, 215), (181, 5, 391, 215)))
    head = MeshHead().build()(film, faces)
    assert head.valid.all()
    flip = np.diag([-1.0, 1, 1])
    assert angle_deg(head.rotation[0].astype(float), flip @ head.rotation[1] @ flip) < 3
    assert head.center[0, 0] == pytest.approx(511 - head.center[1, 0], abs=3)
    assert head.radius[0] == pytest.approx(head.radius[1], rel=0.03)


def test_aflw2000(corpus):
    """Mean error of yaw, pitch and roll up to 60 degrees of yaw, none missed."""
    photographs = load(corpus / "groundtruth" / "head_pose_aflw2000")
    near = [photograph for photograph in photographs if abs(photograph.angles[0]) <= 60]
    heads = [labelled_head(photograph.path) for photograph in near]
    assert len(near) == 7
    assert all(head.valid[0] for head in heads)
    errors = np.abs([error(photograph, head) for photograph, head in zip(near, heads, strict=True)])
    assert errors.mean() < 4
    assert errors.mean(axis=0).max() < 7


@pytest.mark.parametrize(
    ("clip", "first", "step", "box", "axis", "sign"),
    [
        ("talk_09_woman_head_turns.gif", 0, 13, (117, -8, 340, 215), 0, 1),  # from image left to image right
        ("talk_04_woman_head_tilts.mp4", 0, 80, (250, 50, 750, 550), 2, 1),  # leans to image right
        ("talk_10_two_people_head_tilts.gif", 0, 20, (230, 0, 450, 205), 2, -1),  # leans to image left
    ],
)
def test_real_heads_turn_the_way_they_do(corpus, clip, first, step, box, axis, sign):
    frames = clip_frames(corpus / "clips" / clip, first, 2, step)
    head = MeshHead().build()(frames, MediapipeFace().build()(frames, heads_at(box, box)))
    assert head.valid.all()
    before, after = np.degrees(head_angles(head.rotation)[axis])
    assert sign * (after - before) > 20
