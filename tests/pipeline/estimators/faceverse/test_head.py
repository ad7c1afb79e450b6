"""Both head trackers mean the same head: of rendered meshes they tell one rotation, centre and radius."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import scipy

from pipeline.estimators.faceverse.head import FaceCrop, RegressedHead
from pipeline.estimators.faceverse.morphable import HeadModel
from pipeline.estimators.faceverse.net import NUM_COEFFICIENTS
from pipeline.estimators.head_pose import (
    SPHERE_CENTER_CM,
    SPHERE_RADIUS_CM,
    MeshHeadTracker,
    canonical,
    turn_towards,
)
from pipeline.geometry import assumed_focal_px, head_rotation, principal_point, project, rotation_vector
from schemas.tracks import EstimatorCard, FaceTrack

CARD = EstimatorCard(name="exact", version="1", weights_sha256="", licence="none")
WIDTH, HEIGHT = 640, 480
CM = 0.1
"""In units of the model: it is made so, and stands elsewhere and a little turned."""
TURNED = scipy.spatial.transform.Rotation.from_rotvec([0.1, 0.05, 0.0]).as_matrix()
MOVED = np.array([0.2, -0.1, 0.3])


def face_points() -> np.ndarray:
    """A face of 478 points in the head frame, cm: canonical ones where known, on a ball elsewhere."""
    rng = np.random.default_rng(0)
    rays = rng.normal(size=(478, 3)) * [1, 1.2, 0.4] + [0, 0, -1]
    points = np.array(SPHERE_CENTER_CM) + 9 * rays / np.linalg.norm(rays, axis=1, keepdims=True)
    index, face, _ = canonical()
    points[index] = face
    return np.asarray(points)


@cache
def head_model(identity: float = 0.0) -> HeadModel:
    """A model whose mean head is that face, and whose shapes move its points by so much."""
    count = 19800
    mean = np.zeros((count, 3))
    mean[:478] = (CM * face_points() @ TURNED.T + MOVED) * 100
    shapes = identity * np.random.default_rng(1).normal(size=(3 * count, 156))
    arrays = {
        "meanshape": mean, "idBase": shapes, "exBase": np.zeros((3 * count, 177)),
        "ver_inds": np.array([19000, 19200, 19400, 19500, 19600, count]),
        "keypoints_mediapipe": np.arange(478),
    }  # fmt: skip
    return HeadModel.of(arrays).landmarks_only()


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return head_model()


def seen_faces(rotations: np.ndarray, places: np.ndarray) -> FaceTrack:
    """Meshes of heads (t, 3, 3) whose sphere's centres are at places (t, 3), cm, before the usual camera."""
    focal, middle = assumed_focal_px(WIDTH, HEIGHT), principal_point(WIDTH, HEIGHT)
    points = (face_points() - SPHERE_CENTER_CM) @ np.swapaxes(rotations, 1, 2) + places[:, None]
    flat = project(points, focal, middle)
    index, _, weight = canonical()
    face = points[:, index, 2] @ weight  # depths are told in pixels at the face
    depth = (points[..., 2] - face[:, None]) * focal / face[:, None]
    frames = len(rotations)
    return FaceTrack(
        box=np.concatenate([flat.min(axis=1), flat.max(axis=1)], axis=1).astype(np.float32),
        mesh=np.concatenate([flat, depth[..., None]], axis=2).astype(np.float32),
        score=np.ones(frames, np.float32),
        eyes_open=np.ones(frames, np.float32),
        valid=np.ones(frames, np.bool_),
    )


def wrong_by_some(crops: np.ndarray) -> tuple[np.ndarray, ...]:
    """A regressor that is some way off: what the landmarks must put right."""
    said = np.zeros((len(crops), NUM_COEFFICIENTS), np.float32)
    said[:, 611:614] = [0.15, -0.1, 0.08]
    said[:, 614:617] = [0.1, 0.2, 3.0]
    return (said,)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The largest angle between rotations (t, 3, 3), degrees."""
    between = np.swapaxes(one, 1, 2).astype(float) @ other.astype(float)
    return float(np.degrees(np.linalg.norm(rotation_vector(between), axis=1)).max())


YAW, PITCH, ROLL = np.radians([[0, 25, -30, 10], [0, 10, -15, -5], [0, -8, 12, 20]])
ROTATIONS = head_rotation(YAW, PITCH, ROLL)
FRAMES = np.zeros((4, HEIGHT, WIDTH, 3), np.uint8)
FOCAL, MIDDLE = assumed_focal_px(WIDTH, HEIGHT), principal_point(WIDTH, HEIGHT)


def test_a_head_where_its_camera_stands_is_told_exactly(model: HeadModel) -> None:
    """Its camera sees a face that fills a crop from some 90 cm: there its perspective is the true one."""
    places = np.array([[0.0, 0.0, 94.0], [1.0, 1.0, 94.0], [-1.0, 0.0, 94.0], [0.0, -1.0, 94.0]])
    head = RegressedHead(wrong_by_some, model, CARD, batch=3)(FRAMES, seen_faces(ROTATIONS, places))
    assert apart(head.rotation, seen_from(places, ROTATIONS)) < 1.0
    assert np.linalg.norm(head.center - project(places, FOCAL, MIDDLE), axis=1).max() < 1.0
    np.testing.assert_allclose(head.radius, FOCAL * SPHERE_RADIUS_CM / places[:, 2], rtol=0.02)


def test_both_trackers_tell_one_head(model: HeadModel) -> None:
    places = np.array([[0.0, 0.0, 250.0], [28.0, 13.0, 310.0], [-26.0, -24.0, 280.0], [0.0, 26.0, 350.0]])
    faces = seen_faces(ROTATIONS, places)
    one, other = MeshHeadTracker()(FRAMES, faces), RegressedHead(wrong_by_some, model, CARD, 3)(FRAMES, faces)
    for head in (one, other):
        assert apart(head.rotation, seen_from(places, ROTATIONS)) < 5.0
        assert np.linalg.norm(head.center - project(places, FOCAL, MIDDLE), axis=1).max() < 3.0
        np.testing.assert_allclose(head.radius, FOCAL * SPHERE_RADIUS_CM / places[:, 2], rtol=0.05)
    assert apart(one.rotation, other.rotation) < 4.0  # the mesh has depth of its own, the other has not


def seen_from(places: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Rotations as a camera turned towards the heads sees them."""
    return np.asarray(np.swapaxes(turn_towards(places), 1, 2) @ rotations)


def test_a_crop_and_its_points_come_back() -> None:
    crop = FaceCrop.around(np.array([100.0, 80.0, 200.0, 190.0]))
    points = np.array([[120.0, 90.0], [33.0, 410.0]])
    np.testing.assert_allclose(crop.to_picture(crop.from_picture(points)), points)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[130:133, 150:153] = 255
    shown = crop.cut(picture)[0]
    y, x = np.nonzero(shown > 0.5)
    np.testing.assert_allclose([x.mean(), y.mean()], crop.from_picture(np.array([151.0, 131.0])), atol=0.5)
    assert FaceCrop.around(np.array([-50.0, -50.0, 20.0, 20.0])).cut(picture).shape == (3, 256, 256)


def test_a_head_that_looks_away_is_refused(model: HeadModel) -> None:
    from dataclasses import replace

    away = replace(model, mean=model.mean * [-1, 1, -1])
    with pytest.raises(ValueError, match="stand upright before the camera"):
        RegressedHead(wrong_by_some, away, CARD, batch=1)
