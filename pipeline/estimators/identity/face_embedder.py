"""Vectors that tell one person's face from another's, by dlib's network on faces laid upright by their mesh.

Not comparable with vectors of any other network: its digest stands in the card. They are personal data: kept
in memory, and only what they tell is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.identity.face_net import SIDE, WIDTH, loaded
from pipeline.estimators.identity.packaged import FACE_NETWORK
from pipeline.estimators.packaged_network import card_of, network_in
from schemas.media import Frames
from schemas.tracks import Embeddings, FaceTrack
from storage.packaged_files import PackagedFile

POINTS = (263, 362, 33, 133, 2)
"""Points of the mesh: outer and inner corner of the left eye, of the right one, and the base of the nose."""
PLACES = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
"""Where they lie on a face as the network was taught, in sides of the square around it."""
PADDING = 0.25
"""Around that square, in its sides."""
FINE = 2
"""Faces are cut out so many times finer, and shrunk."""


@dataclass(frozen=True, kw_only=True)
class PackagedFaceEmbedder:
    """The embedded identity network: `understudy weights` fetches it."""

    packaged: ClassVar[tuple[PackagedFile, ...]] = (FACE_NETWORK,)

    def build(self) -> FaceEmbedder:
        """The embedder.

        Raises:
            EstimatorUnavailable: its file is missing.
        """
        return FaceEmbedder()


class FaceEmbedder:
    """Gives one unit vector a face."""

    def __init__(self) -> None:
        self._net = network_in(FACE_NETWORK, loaded)
        self.card = card_of(FACE_NETWORK, "dlib_face_recognition", "resnet v1")

    def __call__(self, frames: Frames, faces: FaceTrack, /) -> Embeddings:
        """Unit vectors (t, 128) of the faces of frames (t, h, w, 3); zeros where no face is valid."""
        vectors = np.zeros((len(frames), WIDTH), np.float32)
        seen = np.flatnonzero(faces.valid)
        if len(seen):
            chips = np.stack([upright(frames[t], faces.mesh[t]) for t in seen])
            found = self._net(chips)
            vectors[seen] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return Embeddings(vectors=vectors)


def upright(frame: NDArray[np.uint8], mesh: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The face (150, 150, 3) whose mesh (m, 3) lies on a frame, turned and scaled for the network."""
    side = FINE * SIDE
    places = (PLACES + PADDING) / (1 + 2 * PADDING) * side
    affine = similarity_2d(mesh[list(POINTS), :2].astype(np.float64), places)
    fine = cv2.warpAffine(frame, affine, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def similarity_2d(points: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The turn, scale and shift (2, 3) that bring points (n, 2) nearest to places (n, 2); no mirror."""
    middle, target = points.mean(axis=0), places.mean(axis=0)
    x, y = (points - middle) @ [1, 1j], (places - target) @ [1, 1j]
    turn = (np.conj(x) @ y) / (np.conj(x) @ x)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, target - linear @ middle])
