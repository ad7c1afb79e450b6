"""Eyes and mouth, told by the head sphere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.data.augment import mirror_controls
from model.nets.alignment import KEPT, LEFT, PLACES, SIDE, alignment
from pipeline.estimators.head_pose import SPHERE_CENTER_CM, SPHERE_RADIUS_CM, canonical, fit_heads
from pipeline.estimators.mediapipe.attention import NUM_POINTS
from pipeline.geometry import head_rotation, principal_point, project, rotation_about
from schemas.controls import Controls
from schemas.landmarks import ON_HEAD, face_points, mirror_points
from schemas.sample import FACE_SIZE
from tests.synth import Scene, true_controls

SCENE = Scene(width=160, height=240, num_frames=30, turn_deg=(-50.0, 20.0))
TO_CANVAS = np.array([[0.5, 0, 3.0], [0, 0.5, -2.0]])
EXPECTED = (PLACES.numpy() + 0.5 - [LEFT, 0]) * SIDE / KEPT - 0.5


def looking(
    *, yaw: float = 0, roll: float = 0, radius: float = 40, center: tuple[float, float] = (80, 120)
) -> Controls:
    """Controls of one head, the same in 30 frames, on a canvas of 160x240 px from a source twice as large."""
    rotation = rotation_about([0, 0, np.radians(roll)]) @ head_rotation(np.radians(yaw), 0.1, 0.0)
    middle = (np.array(center) - TO_CANVAS[:, 2]) / 0.5
    return replace(
        true_controls(SCENE),
        head_rotation=np.tile(rotation.astype(np.float32), (30, 1, 1)),
        head_center=np.tile(np.array(center, np.float32), (30, 1)),
        head_radius=np.full(30, radius, np.float32),
        face_valid=np.ones(30, np.bool_),
        face_box=np.tile(
            np.concatenate([middle - 3 * radius, middle + 3 * radius]).astype(np.float32), (30, 1)
        ),
    )


def points_of(controls: Controls) -> np.ndarray:
    return face_points(controls, TO_CANVAS, 160, 240)


def aligned(controls: Controls) -> np.ndarray:
    """Where alignment puts the points of the first frame."""
    points = points_of(controls)[:1].astype(np.float64)
    affine = alignment(torch.from_numpy(points)).numpy()[0]
    return np.asarray(points[0] @ affine[:, :2].T + affine[:, 2])


def test_a_face_that_looks_into_the_lens_comes_to_its_places() -> None:
    found = aligned(looking())
    assert np.abs(found - EXPECTED).max() < 4, "people are not all of one build"
    assert np.abs(found.mean(axis=0) - EXPECTED.mean(axis=0)).max() < 1e-3
    points = points_of(looking())[0]
    assert points[0, 0] < points[2, 0] < points[1, 0], "the person's right eye is on the left of the picture"
    assert points[0, 1] == pytest.approx(points[1, 1])
    assert points[2, 0] == pytest.approx((FACE_SIZE - 1) / 2), "the window is around the head's centre"


@pytest.mark.parametrize("change", [{"roll": 35.0}, {"roll": -160.0}, {"center": (60.0, 90.0)}])
def test_lean_and_place_are_taken_away(change: dict[str, float]) -> None:
    np.testing.assert_allclose(aligned(looking(yaw=20)), aligned(looking(yaw=20, **change)), atol=1e-3)  # type: ignore[arg-type]


def test_size_is_taken_away_but_for_how_near_the_camera_is() -> None:
    far, near = aligned(looking(radius=20)), aligned(looking(radius=40))
    assert np.abs(near - far).max() < 1


@pytest.mark.parametrize("yaw", [-40.0, 0.0, 25.0])
def test_points_are_those_of_the_face_that_the_head_was_fitted_to(yaw: float) -> None:
    """A pinhole sees the canonical face; the tracker fits it; its eyes and mouth are found again."""
    index, face, _ = canonical()
    marks = ON_HEAD * SPHERE_RADIUS_CM + SPHERE_CENTER_CM
    rotation, focal = head_rotation(np.radians(yaw), 0.1, 0.2), float(np.hypot(160, 240))
    middle = principal_point(160, 240)

    def seen(points: np.ndarray) -> np.ndarray:
        return points @ rotation.T + (0, 0, 70.0)

    mesh = np.zeros((1, NUM_POINTS, 3))
    mesh[0, index, :2] = project(seen(face), focal, middle)
    mesh[0, index, 2] = seen(face)[:, 2] * focal / 70.0
    rotations, centers, radii = fit_heads(mesh, focal, middle)
    controls = replace(
        looking(),
        head_rotation=np.tile(rotations.astype(np.float32), (30, 1, 1)),
        head_center=np.tile(centers.astype(np.float32), (30, 1)),
        head_radius=np.full(30, radii[0], np.float32),
    )
    scale = FACE_SIZE / (controls.face_box[0, 2] - controls.face_box[0, 0])
    source = (project(seen(marks), focal, middle) - TO_CANVAS[:, 2]) / 0.5
    expected = scale * (source - controls.face_box[0, :2]) - 0.5
    np.testing.assert_allclose(points_of(controls)[0], expected, atol=1.5)


def test_in_a_mirror_the_right_eye_is_the_left_one() -> None:
    controls = true_controls(SCENE)
    identity = np.eye(2, 3)
    mirrored = face_points(mirror_controls(controls, 160, 160), identity, 160, 240)
    expected = mirror_points(face_points(controls, identity, 160, 240))
    seen = controls.face_valid
    assert seen.any()
    np.testing.assert_allclose(mirrored[seen], expected[seen], atol=2e-3)


def test_where_there_is_no_face_all_points_are_in_one_place() -> None:
    controls = replace(looking(), face_valid=np.arange(30) < 3, face_box=np.zeros((30, 4), np.float32))
    points = points_of(controls)
    assert np.isfinite(points).all()
    assert not points[3:].any()
