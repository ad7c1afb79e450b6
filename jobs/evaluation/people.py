"""Who is seen in a film, by the pipeline's own estimators, and how much that face is the reference's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.eval.lip_reader import LipReader
from model.eval.people import SeenPerson, mouth_open
from model.eval.stream import Pictures, Readings
from pipeline.estimators.identity.face_embedder import FaceEmbedder
from pipeline.stages.clip_tracks import Estimators
from schemas.arrays import joined
from schemas.tracks import FaceTrack

Vector = NDArray[np.float32]


class PeopleMeter:
    """Looks for the person in each frame; compares the face with a vector that is nowhere written."""

    def __init__(
        self,
        estimators: Estimators,
        embedder: FaceEmbedder,
        reference: Vector | None,
        lips: LipReader | None = None,
    ) -> None:
        self.estimators, self.embedder, self.reference, self.lips = estimators, embedder, reference, lips
        self.parts: list[SeenPerson] = []
        self.likeness: list[NDArray[np.float64]] = []

    def see(self, made: Pictures, _: Pictures | None) -> None:
        """Frames, each once; somebody is followed within them."""
        with np.errstate(all="ignore"):
            seen, faces = estimate_person(self.estimators, made)
        self.parts.append(seen)
        if self.lips is not None:
            self.lips.see(made, faces)
        if self.reference is not None:
            self.likeness.append(likeness(self.embedder(made, faces).vectors, self.reference, seen.face))

    def tell(self) -> Readings:
        """`csim_dlib` (cosine with the reference's face), and how far the mouth is open."""
        values = {"csim_dlib": np.concatenate(self.likeness)} if self.likeness else {}
        return Readings(frames=values | {"mouth_open": mouth_open(self.person)})

    @property
    def person(self) -> SeenPerson:
        """The person of all frames that were seen."""
        return joined(self.parts)


def estimate_person(estimators: Estimators, frames: Pictures) -> tuple[SeenPerson, FaceTrack]:
    """The person of some frames (n, h, w, 3), and its face."""
    person = estimators.person(frames)
    body, faces = estimators.body(frames, person), estimators.face(frames, person)
    hands, head = estimators.hands(frames, person), estimators.head(frames, faces)
    seen = SeenPerson(
        joints2d=body.joints2d,
        joints_score=body.score * body.valid[:, None],
        hands_score=hands.score,
        mesh=faces.mesh,
        eyes_open=faces.eyes_open,
        face=faces.valid & head.valid,
        rotation=head.rotation,
    )
    return seen, faces


def likeness(vectors: Vector, reference: Vector, seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cosines (n,) of unit vectors (n, d) with one; NaN where no face is seen."""
    return np.where(seen, vectors.astype(np.float64) @ reference, np.nan)


def face_of(estimators: Estimators, embedder: FaceEmbedder, picture: Pictures) -> Vector | None:
    """The vector of the face in a picture (h, w, 3); None where none is seen."""
    _, faces = estimate_person(estimators, picture[None])
    return embedder(picture[None], faces).vectors[0] if faces.valid[0] else None
