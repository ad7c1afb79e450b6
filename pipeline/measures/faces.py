"""Whether faces of references are the clip's: by embedded networks, whose vectors stay in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.contracts import IDENTITY_PX
from pipeline.estimators.crops import Square
from pipeline.estimators.identity.face_embedder import PackagedFaceEmbedder
from pipeline.estimators.mediapipe.detectors import FACE_DETECTOR_FAR
from pipeline.estimators.mediapipe.face import MediapipeFace, as_track
from pipeline.estimators.mediapipe.face_place import PlacedFace, detected_region
from pipeline.geometry import Array, head_angles
from pipeline.measures.measure import Measure
from pipeline.measures.opened import STEP, OpenedSample, grey
from schemas.sample import FACE_SIZE

Picture = NDArray[np.uint8]
CELLS = 32
"""Pictures are compared as so many mean values each way."""
NOISE = 2.0
"""Grey levels by which they differ for being encoded twice."""
REMEMBERED = 64
"""Pictures whose faces are remembered: the clips of a person share references."""


class PictureFaces:
    """Finds the faces of a picture, wherever they are, and tells whose they are."""

    def __init__(self) -> None:
        self.find = FACE_DETECTOR_FAR.start(MediapipeFace.min_detection)
        self.mesh, self.embed = MediapipeFace().build(), PackagedFaceEmbedder().build()
        self.seen = dict[tuple[bytes, float], Array]()

    def __call__(self, picture: Picture, enlarged: float) -> Array:
        """Unit vectors (n, 128) of the faces of a picture (h, w, 3), the surest first.

        Of those alone that were large enough to tell anybody before the picture was so much `enlarged`.
        """
        key = (hashlib.blake2b(picture.tobytes()).digest(), enlarged)
        if key not in self.seen:
            self.seen[key] = self.vectors(picture, IDENTITY_PX * max(enlarged, 1.0))
            while len(self.seen) > REMEMBERED:
                del self.seen[next(iter(self.seen))]
        return self.seen[key]

    def vectors(self, picture: Picture, least_px: float) -> Array:
        """The same of faces of so much width."""
        faces = as_track([*self.placed(picture)] or [None])
        large = faces.box[:, 2] - faces.box[:, 0] >= least_px
        shown = np.broadcast_to(picture, (len(large), *picture.shape))
        return self.embed(shown, faces).vectors[large].astype(np.float64)

    def placed(self, picture: Picture) -> Iterator[PlacedFace]:
        """The faces of a picture with their meshes, the surest first."""
        whole = Square.whole(picture.shape[1], picture.shape[0])
        for row in self.find(whole.cut(picture, FACE_DETECTOR_FAR.side)):
            face = self.mesh.settle(picture, detected_region(row, whole))
            if face is not None:
                yield face


@cache
def picture_faces() -> PictureFaces:
    """The networks, read once a process.

    Raises:
        EstimatorUnavailable: LiteRT or a network's file is missing.
    """
    return PictureFaces()


def reference_face_distance(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    foreign = [
        picture
        for picture, at in zip(sample.references, sample.reference_frames, strict=True)
        if not of_the_clip(sample, picture, int(at))
    ]
    if not foreign:
        return None
    faces_in = picture_faces()
    found = [faces_in(picture, sample.to_canvas[0, 0]) for picture in foreign]
    shown = [vectors for vectors in found if len(vectors)]
    if not shown or not len(own := own_face(sample, faces_in)):
        return None
    return float(max(np.linalg.norm(vectors - own[0], axis=1).min() for vectors in shown))


def of_the_clip(sample: OpenedSample, picture: Picture, at: int) -> bool:
    """Whether a picture is the clip's frame `at`.

    It is where it is no farther from those looked at around it than these are from each other.
    """
    if not 0 <= at < sample.row.frames:
        return False
    around = [min(at // STEP + further, len(sample.frames) - 1) for further in (0, 1)]
    before, after = (cells(sample.greys[place]) for place in around)
    own = cells(grey(picture))
    return bool(min(apart(own, before), apart(own, after)) <= apart(before, after) + NOISE)


def cells(luma: Picture) -> NDArray[np.float32]:
    """Means of the parts of a picture (h, w)."""
    return np.asarray(cv2.resize(luma, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32)


def apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Mean difference of two."""
    return float(np.abs(one - other).mean())


def own_face(sample: OpenedSample, faces_in: PictureFaces) -> Array:
    """Unit vector (1, 128) of the clip's most frontal face; none where that is too small or not found."""
    shown = np.flatnonzero(sample.controls.face_valid)
    if not len(shown):
        return np.zeros((0, 128))
    yaw, pitch, _ = head_angles(sample.controls.head_rotation[shown])
    t = shown[np.hypot(yaw, pitch).argmin()]
    side = sample.controls.face_box[t, 2] - sample.controls.face_box[t, 0]
    return faces_in(sample.faces[t], FACE_SIZE / float(side))[:1]


MEASURES = (
    Measure(
        name="reference_face_distance",
        unit="0 to 2",
        says="of the references that are no frame of the clip, how far the face least like the clip's most "
        "frontal one is from it, as vectors of a network; faces of less than 40 px tell nobody",
        source="dlib's face recognition network (King, JMLR 2009); docs/method.md 6.1 says how it errs",
        of=reference_face_distance,
    ),
)
