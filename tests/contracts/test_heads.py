"""Both head trackers mean one head, on a rendered person whose head is known: rotation, centre and radius."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.synthetic.film import cast, frames
from jobs.synthetic.kept import kept_folder
from jobs.synthetic.take import Take, random_actor
from jobs.synthetic.truth import PersonTruth, truth
from pipeline.estimators.faceverse.head import RegressedHead
from pipeline.estimators.faceverse.morphable import HeadModel
from pipeline.estimators.faceverse.net import NUM_COEFFICIENTS
from pipeline.estimators.head_pose import MeshHeadTracker
from pipeline.estimators.mediapipe.face import MediapipeFace
from pipeline.geometry import rotation_vector
from schemas.tracks import EstimatorCard, HeadTrack
from tests.pipeline.estimators.heads import heads_at

Array = NDArray[np.float64]
CARD = EstimatorCard(name="straight", version="1", weights_sha256="", licence="none")
COUNT = 19800
"""Points of a model."""
UNITS = 100 * 0.012
"""A pixel of the mesh in the units of a model's file, by which a head is as large as FaceVerse's."""


def straight(crops: NDArray[np.float32]) -> tuple[NDArray[np.float32]]:
    """A regressor that says of every head that it looks straight ahead: landmarks must tell how it does."""
    return (np.zeros((len(crops), NUM_COEFFICIENTS), np.float32),)


def model_of(mesh: NDArray[np.float32]) -> HeadModel:
    """A head whose landmarks are those of a frontal face."""
    mean = np.zeros((COUNT, 3))
    mean[:478] = (mesh - mesh.mean(axis=0)) * UNITS
    return HeadModel.of(
        {
            "meanshape": mean,
            "idBase": np.zeros((3 * COUNT, 156)),
            "exBase": np.zeros((3 * COUNT, 177)),
            "ver_inds": np.array([19000, 19200, 19400, 19500, 19600, COUNT]),
            "keypoints_mediapipe": np.arange(478),
        }
    ).landmarks_only()


@dataclass(frozen=True)
class SeenHeads:
    """What is true of a head, and what both trackers say of it."""

    true: PersonTruth
    by: dict[str, HeadTrack]


@pytest.fixture(scope="module")
def seen() -> SeenHeads:
    take = Take(
        actors=(random_actor(3, "talk", "portrait"),),
        num_frames=30,
        seed=3,
        width=320,
        height=400,
        sharpness=1,
    )
    film = cast(take, kept_folder())
    (true,) = truth(film)
    shown = frames(film)
    reach = 1.5 * true.head_radius[:, None]
    boxes = np.concatenate([true.head_center - reach, true.head_center + reach], axis=1)
    faces = MediapipeFace().build()(shown, heads_at(*boxes))
    assert faces.valid.all()
    mesh_head = MeshHeadTracker()(shown, faces)
    frontal = int(np.argmin(angles(mesh_head.rotation.astype(float), np.eye(3))))
    regressed = RegressedHead(straight, model_of(faces.mesh[frontal]), CARD, batch=8)
    return SeenHeads(true, {"mesh": mesh_head, "faceverse": regressed(shown, faces)})


def angles(one: Array, other: Array) -> Array:
    """Angles (t) between rotations, degrees."""
    return np.asarray(np.degrees(np.linalg.norm(rotation_vector(np.swapaxes(one, -1, -2) @ other), axis=-1)))


def straight_ahead(head: HeadTrack, true: PersonTruth) -> Array:
    """Where a tracker's head looks in that of the truth: the constant of a person by which both differ."""
    turns = np.swapaxes(true.head_seen, 1, 2) @ head.rotation.astype(float)
    u, _, vt = np.linalg.svd(turns.mean(axis=0))
    return np.asarray(u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt)


@pytest.mark.parametrize("tracker", ["mesh", "faceverse"])
def test_each_tracker_tells_the_heads_turns_and_place(seen: SeenHeads, tracker: str) -> None:
    head, true = seen.by[tracker], seen.true
    assert angles(true.head_seen, true.head_seen[:1]).max() > 15  # it turns
    assert angles(true.head_seen @ straight_ahead(head, true), head.rotation.astype(float)).max() < 4
    assert (np.linalg.norm(head.center - true.head_center, axis=1) < 0.25 * true.head_radius).all()
    ratio = head.radius / true.head_radius
    np.testing.assert_allclose(ratio, 1.025, rtol=0.03)


def test_both_mean_one_head(seen: SeenHeads) -> None:
    one, other = seen.by["mesh"], seen.by["faceverse"]
    assert angles(straight_ahead(one, seen.true), straight_ahead(other, seen.true)) < 3
    assert (np.linalg.norm(one.center - other.center, axis=1) < 0.05 * one.radius).all()
    np.testing.assert_allclose(one.radius, other.radius, rtol=0.04)
