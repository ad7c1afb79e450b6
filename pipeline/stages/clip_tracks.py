"""All estimators on one clip: shown window after window, and asked at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.clipwise import hands_over_clip, over_clip
from pipeline.estimators.contracts import (
    BodyEstimator,
    FaceDetector,
    HandEstimator,
    HeadTracker,
    IdentityEmbedder,
    ImageEmbedder,
    PoseEstimator2D,
)
from pipeline.estimators.flex import flex
from pipeline.references.looks import (
    LOOK_PX,
    face_sharpness,
    hand_sharpness,
    sharpness,
    upright_square,
)
from schemas.arrays import joined
from schemas.media import Frames
from schemas.tracks import (
    Appearance,
    BodyTrack,
    Embeddings,
    FaceBoxTrack,
    FaceTrack,
    HandTrack,
    HeadTrack,
    KeypointTrack,
)

IDENTITY_EVERY = 12
"""The face is compared with those of other clips by every n-th frame."""
IDENTITY_PX = 40
"""A face of less width tells nobody."""


@dataclass(frozen=True, kw_only=True)
class Estimators:
    """One estimator of each role."""

    person: PoseEstimator2D
    body: BodyEstimator
    hands: HandEstimator
    face: FaceDetector
    head: HeadTracker
    appearance: ImageEmbedder
    identity: IdentityEmbedder


@dataclass(frozen=True, kw_only=True)
class ClipTracks:
    """What the estimators say of one clip."""

    person: KeypointTrack
    body: BodyTrack
    hands: HandTrack
    face: FaceBoxTrack
    head: HeadTrack
    appearance: Appearance
    identity: Embeddings


@dataclass(frozen=True)
class PersonLook:
    """The person in one frame that is looked at."""

    frame: int
    picture: NDArray[np.uint8]
    face_sharpness: float
    hand_sharpness: float
    eyes_open: float


class ClipWork:
    """The estimators at work on one clip.

    Who is there and the face are told window by window, for the others are looked for where these are; what
    reads crops is asked once, at the end.
    """

    def __init__(self, estimators: Estimators, look_every: int) -> None:
        self.estimators = estimators
        self.look_every = look_every
        self.body = over_clip(estimators.body)
        self.hands = hands_over_clip(estimators.hands)
        self.head = over_clip(estimators.head)
        self.people: list[KeypointTrack] = []
        self.faces: list[FaceBoxTrack] = []
        self.looks: list[PersonLook] = []
        self.identities: list[Embeddings] = []
        self.num_frames = 0

    def see(self, frames: Frames) -> None:
        """The next window of the clip."""
        person = self.estimators.person(frames)
        self.body.see(frames, person)
        faces = self.estimators.face(frames, person)
        self.hands.see(frames, person)
        self.head.see(frames, faces)
        self.people.append(person)
        self.faces.append(FaceBoxTrack(box=faces.box, score=faces.score, flex=flex(faces), valid=faces.valid))
        self.look(frames, person, faces)
        self.identities.append(self.estimators.identity(frames, telling(faces, self.num_frames)))
        self.num_frames += len(frames)

    def look(self, frames: Frames, person: KeypointTrack, faces: FaceTrack) -> None:
        """Keep how the person looks in every n-th frame of a window."""
        boxes = self.hands.boxes()
        for t in range(-self.num_frames % self.look_every, len(frames), self.look_every):
            if person.valid[t]:
                look = PersonLook(
                    frame=self.num_frames + t,
                    picture=upright_square(frames[t], person.box[t]),
                    face_sharpness=face_sharpness(frames[t], faces, t),
                    hand_sharpness=hand_sharpness(frames[t], boxes[t]),
                    eyes_open=float(faces.eyes_open[t]),
                )
                self.looks.append(look)

    def tracks(self) -> ClipTracks:
        """What all of them say of the clip."""
        return ClipTracks(
            person=joined(self.people),
            body=self.body.track(),
            hands=self.hands.track(),
            face=joined(self.faces),
            head=self.head.track(),
            appearance=appearance(self.looks, self.estimators.appearance),
            identity=joined(self.identities),
        )


def telling(faces: FaceTrack, start: int) -> FaceTrack:
    """The faces of a window that begins at frame `start` with those alone that are to tell who it is."""
    every = (start + np.arange(len(faces.valid))) % IDENTITY_EVERY == 0
    large = faces.box[:, 2] - faces.box[:, 0] >= IDENTITY_PX
    return replace(faces, valid=faces.valid & every & large)


def appearance(looks: Sequence[PersonLook], embed: ImageEmbedder) -> Appearance:
    """Appearance and sharpness of the person in the frames that were looked at."""
    pictures = np.zeros((len(looks), LOOK_PX, LOOK_PX, 3), np.uint8)
    for place, look in zip(pictures, looks, strict=True):
        place[...] = look.picture
    return Appearance(
        frames=np.array([look.frame for look in looks], np.int32),
        vectors=embed(pictures).vectors,
        sharpness=np.array([sharpness(look.picture) for look in looks], np.float32),
        face_sharpness=np.array([look.face_sharpness for look in looks], np.float32),
        hand_sharpness=np.array([look.hand_sharpness for look in looks], np.float32),
        eyes_open=np.array([look.eyes_open for look in looks], np.float32),
    )
