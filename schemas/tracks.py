"""What the estimators say of a clip: one row per frame, in source pixels, nothing filled in.

Pixels are those of the source as shown (after rotation), centres at integers. The camera frame is x right,
y down, z forward, metres; its focal length is `Camera.focal_px` and its principal point the picture's centre.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from schemas.arrays import Axes
from schemas.base import record
from schemas.media import Clip

Role = Literal["person", "body", "hands", "face", "head", "appearance", "identity"]
"""What an estimator does: each finds, follows or describes one thing of a person."""
ROLES: tuple[Role, ...] = get_args(Role)
"""All roles, in the order of the work: each needs only those before it."""


@record
class EstimatorCard:
    """Which estimator spoke: what provenance and audits need of it."""

    name: str
    version: str
    weights_sha256: str  # of the weight files, concatenated in the order of their names; "" where it has none
    licence: str


@record
class PictureTrack:
    """Which pictures are seen."""

    fresh: Annotated[NDArray[np.bool_], Axes("t")]  # another picture than in the frame before


@record
class KeypointTrack:
    """The main person of each frame as 2D key points and a box, and whether others are there.

    Layout of the points is the backend's own (`names`): only boxes, counts and the head are read by others.
    """

    names: tuple[str, ...]
    points: Annotated[NDArray[np.float32], Axes("t k 2")]  # px
    world: Annotated[NDArray[np.float32], Axes("t k 3")]  # m from the mid hips, camera axes; 0 without depth
    score: Annotated[NDArray[np.float32], Axes("t k")]  # 0..1
    box: Annotated[NDArray[np.float32], Axes("t 4")]  # x0, y0, x1, y1 px, the whole person
    head_box: Annotated[
        NDArray[np.float32], Axes("t 4")
    ]  # px, a square on the middle between the ears that surely holds the head
    valid: Annotated[NDArray[np.bool_], Axes("t")]  # a person was found
    others: Annotated[NDArray[np.float32], Axes("t")]  # area of the largest other person over the main one's


@record
class BodyTrack:
    """Our body joints (`schemas.joints.BODY_JOINTS`)."""

    joints2d: Annotated[NDArray[np.float32], Axes("t 16 2")]  # px
    joints3d: Annotated[NDArray[np.float32], Axes("t 16 3")]  # m, camera frame
    score: Annotated[NDArray[np.float32], Axes("t 16")]  # 0..1, 0 far outside the picture
    valid: Annotated[NDArray[np.bool_], Axes("t")]
    focal_px: float  # of the camera of `joints3d`, one for the clip
    rotations: Annotated[
        NDArray[np.float32], Axes("t r 3 3")
    ]  # of SMPL-X's root in the camera frame and its 21 body joints in their parents'; r is 0 without a model
    betas: Annotated[NDArray[np.float32], Axes("t b")]  # 10 numbers of SMPL-X's shape; b is 0 without a model
    rest: Annotated[
        NDArray[np.float32], Axes("t q 3")
    ]  # m, that shape's 55 joints, toes and finger tips at rest; q is 0 without a model


def no_model(num_frames: int) -> dict[str, NDArray[np.float32]]:
    """The fields of a `BodyTrack` that only a body model fills, of an estimator that has none."""
    shapes = {"rotations": (0, 3, 3), "betas": (0,), "rest": (0, 3)}
    return {name: np.zeros((num_frames, *shape), np.float32) for name, shape in shapes.items()}


def no_hand_model(num_frames: int) -> NDArray[np.float32]:
    """`HandTrack.rotations` of an estimator that has no hand model."""
    return np.zeros((num_frames, 2, 0, 3, 3), np.float32)


@record
class HandTrack:
    """Both hands, the person's left first (`schemas.joints.HAND_JOINTS`)."""

    points2d: Annotated[NDArray[np.float32], Axes("t 2 21 2")]  # px
    points3d: Annotated[NDArray[np.float32], Axes("t 2 21 3")]  # m, camera axes, relative to the wrist
    score: Annotated[NDArray[np.float32], Axes("t 2")]  # 0 where the hand was not seen
    rotations: Annotated[
        NDArray[np.float32], Axes("t 2 f 3 3")
    ]  # of the wrist in the camera frame and MANO's 15 joints in their parents'; f is 0 without a model


@record
class FaceTrack:
    """The main person's face: a box around its landmarks and the dense mesh."""

    box: Annotated[NDArray[np.float32], Axes("t 4")]  # x0, y0, x1, y1 px, tight around the landmarks
    mesh: Annotated[NDArray[np.float32], Axes("t m 3")]  # px, px, and depth in px of the same scale, + away
    score: Annotated[NDArray[np.float32], Axes("t")]  # 0..1
    eyes_open: Annotated[NDArray[np.float32], Axes("t")]  # height of an open eye over its width, mean of both
    valid: Annotated[NDArray[np.bool_], Axes("t")]


@record
class FaceBoxTrack:
    """What is kept of a face track: the mesh served the head tracker and would be most of the data set."""

    box: Annotated[NDArray[np.float32], Axes("t 4")]  # as in `FaceTrack`
    score: Annotated[NDArray[np.float32], Axes("t")]
    flex: Annotated[NDArray[np.float32], Axes("t")]  # change of shape in half a second; 0 unknown
    eyes_open: Annotated[NDArray[np.float32], Axes("t")]  # as in `FaceTrack`
    valid: Annotated[NDArray[np.bool_], Axes("t")]


@record
class HeadTrack:
    """Where the head is and where it looks (method.md 3.2).

    The rotation is told as a camera turned towards the head sees it: identity looks into the lens, wherever
    in the picture the head is. The sphere's colours mean that.
    """

    rotation: Annotated[NDArray[np.float32], Axes("t 3 3")]
    center: Annotated[NDArray[np.float32], Axes("t 2")]  # px, of the head sphere
    radius: Annotated[NDArray[np.float32], Axes("t")]  # px
    valid: Annotated[NDArray[np.bool_], Axes("t")]


@record
class Embeddings:
    """One appearance vector an image, of unit length."""

    vectors: Annotated[NDArray[np.float32], Axes("n d")]


@record
class Appearance:
    """How the person looks in some frames of the clip: what references are chosen by."""

    frames: Annotated[NDArray[np.int32], Axes("n")]  # indices into the clip
    vectors: Annotated[NDArray[np.float32], Axes("n d")]  # unit length
    sharpness: Annotated[
        NDArray[np.float32], Axes("n")
    ]  # variance of the Laplacian of the person, 256 px high
    face_sharpness: Annotated[NDArray[np.float32], Axes("n")]  # of the face alone, 0 where none is measured
    hand_sharpness: Annotated[NDArray[np.float32], Axes("n")]  # of the least sharp hand, 0 where none is
    eyes_open: Annotated[NDArray[np.float32], Axes("n")]  # as in `FaceTrack`, 0 where no face is measured


@record
class FaceDistances:
    """How far the person's face is from those of all stretches of the source, in the order of their keys.

    Vectors that tell who somebody is are personal: only what they tell of each other is kept.
    """

    place: int  # of this stretch among them
    distance: Annotated[NDArray[np.float32], Axes("s")]  # 0..2 to each; NaN where one of both shows no face
    frames: tuple[int, ...] = ()  # first of the stretch in its clip as it was estimated, and end, exclusive

    @property
    def known(self) -> bool:
        """Whether the stretch shows a face."""
        return not np.isnan(self.distance[self.place])


UNTOLD = FaceDistances(place=0, distance=np.array([np.nan], np.float32))
"""Of a stretch that has not met the others of its source."""


@record
class Tracked:
    """A clip and all that the estimators say of it: once estimated whole, then cut to one person."""

    key: str
    clip: Clip
    pictures: PictureTrack
    person: KeypointTrack
    body: BodyTrack
    hands: HandTrack
    face: FaceBoxTrack
    head: HeadTrack
    appearance: Appearance
    identity: tuple[FaceDistances, ...] = ()  # of each stretch of one person: of one, once it is cut
    provenance: dict[str, EstimatorCard]  # by role

    @property
    def uri(self) -> str:
        """The source video's."""
        return self.clip.uri

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return self.clip.duration_s


@record
class Estimated(Tracked):
    """A clip as it is estimated, before its source's others are known: it lands without these vectors."""

    face_vectors: Annotated[
        NDArray[np.float32], Axes("k d")
    ]  # of each stretch: mean of unit vectors, of unit length; 0 without a face
    face_frames: Annotated[NDArray[np.int32], Axes("k 2")]  # its first frame and end, exclusive, in the clip
