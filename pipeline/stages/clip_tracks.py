"""All estimators on one clip: shown window after window, and asked at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.clipwise import boxes_of, hands_over_clip, over_clip
from pipeline.estimators.contracts import (
    IDENTITY_PX,
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
    APPEARANCE_PX,
    face_sharpness,
    hand_sharpness,
    sharpness,
    upright_square,
)
from schemas.arrays import joined, taken
from schemas.media import Frames
from schemas.tracks import (
    Appearance,
    Embeddings,
    FaceBoxTrack,
    FaceTrack,
    HandTrack,
    KeypointTrack,
    Role,
)

IDENTITY_EVERY = 12
"""The face is compared with those of other clips by every n-th frame."""


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


READS: dict[Role, tuple[Role, ...]] = {
    "person": (),
    "body": ("person",),
    "hands": ("person",),
    "face": ("person",),
    "head": ("face",),
    "appearance": ("person", "hands", "face"),
    "identity": ("person", "face"),
}
"""By role, whose tracks its own is made from, besides the pictures."""
READ: frozenset[Role] = frozenset(role for reads in READS.values() for role in reads)
"""The roles whose tracks others are made from."""


@dataclass(frozen=True)
class PersonLook:
    """The person in one frame that is looked at."""

    frame: int
    picture: NDArray[np.uint8]
    face_sharpness: float
    hand_sharpness: float
    eyes_open: float


class ClipWork:
    """The estimators at work on one clip, but for those whose tracks are `known`.

    Who is there and the face are told window by window, for the others are looked for where these are; what
    reads crops is asked once, at the end. Estimators are asked through `call`, under the name of their role.
    """

    def __init__(
        self,
        estimators: Estimators,
        appearance_every: int,
        known: Mapping[Role, Any],
        call: Callable[..., Any],
    ) -> None:
        self.estimators = estimators
        self.appearance_every = appearance_every
        self.known = known
        self.call = call
        self.over: dict[Role, Any] = {
            "body": over_clip(estimators.body),
            "hands": hands_over_clip(estimators.hands),
            "head": over_clip(estimators.head),
        }
        self.people: list[KeypointTrack] = []
        self.faces: list[FaceBoxTrack] = []
        self.looks: list[PersonLook] = []
        self.identities: list[Embeddings] = []
        self.num_frames = 0

    def see(self, frames: Frames) -> None:
        """The next window of the clip."""
        shown = np.arange(self.num_frames, self.num_frames + len(frames))
        given = {role: taken(self.known[role], shown) for role in READ if role in self.known}
        person = given.get("person") or self.call("person", self.estimators.person, frames)
        self.show("body", frames, person)
        if not {"face", "head", "identity"} <= self.known.keys():
            # The mesh of a face is not kept: a head, and who it is, ask for it anew.
            faces = self.call("face", self.estimators.face, frames, person)
            given.setdefault("face", kept_of(faces))
            self.show("head", frames, faces)
            self.recognize(frames, faces)
        self.show("hands", frames, person)
        if "appearance" not in self.known:
            self.keep_appearance(frames, person, given["face"], self.hand_boxes(person, given.get("hands")))
        self.people.append(person)
        self.faces.append(given["face"])
        self.num_frames += len(frames)

    def show(self, role: Role, frames: Frames, given: KeypointTrack | FaceTrack) -> None:
        """Show an estimator the next window, unless its track is known."""
        if role not in self.known:
            self.call(role, self.over[role].see, frames, given)

    def recognize(self, frames: Frames, faces: FaceTrack) -> None:
        """Tell who is seen in a window, unless that is known."""
        if "identity" not in self.known:
            telling_faces = telling(faces, self.num_frames)
            self.identities.append(self.call("identity", self.estimators.identity, frames, telling_faces))

    def hand_boxes(self, person: KeypointTrack, known: HandTrack | None) -> NDArray[np.float64]:
        """Boxes (t, 2, 4), px, in which hands are in the last window; zeros where one is not seen."""
        if known is None:
            boxes: NDArray[np.float64] = self.over["hands"].boxes()
            return boxes
        return boxes_of(self.estimators.hands, person, known)

    def keep_appearance(
        self, frames: Frames, person: KeypointTrack, faces: FaceBoxTrack, hands: NDArray[np.float64]
    ) -> None:
        """Keep how the person looks in every n-th frame of a window; `hands` are boxes."""
        for t in range(-self.num_frames % self.appearance_every, len(frames), self.appearance_every):
            if person.valid[t]:
                sighting = PersonLook(
                    frame=self.num_frames + t,
                    picture=upright_square(frames[t], person.box[t]),
                    face_sharpness=face_sharpness(frames[t], faces, t),
                    hand_sharpness=hand_sharpness(frames[t], hands[t]),
                    eyes_open=float(faces.eyes_open[t]),
                )
                self.looks.append(sighting)

    def tracks(self) -> dict[Role, Any]:
        """What those say of the clip whose tracks were not known."""
        finishers: dict[Role, Callable[[], Any]] = {
            "person": lambda: joined(self.people),
            "body": lambda: self.call("body", self.over["body"].track),
            "hands": lambda: self.call("hands", self.over["hands"].track),
            "face": lambda: joined(self.faces),
            "head": lambda: self.call("head", self.over["head"].track),
            "appearance": lambda: self.call("appearance", appearance, self.looks, self.estimators.appearance),
            "identity": lambda: joined(self.identities),
        }
        return {role: finish() for role, finish in finishers.items() if role not in self.known}


def kept_of(faces: FaceTrack) -> FaceBoxTrack:
    """What is kept of the faces of a window."""
    return FaceBoxTrack(
        box=faces.box, score=faces.score, flex=flex(faces), eyes_open=faces.eyes_open, valid=faces.valid
    )


def telling(faces: FaceTrack, start: int) -> FaceTrack:
    """The faces of a window that begins at frame `start` with those alone that are to tell who it is."""
    every = (start + np.arange(len(faces.valid))) % IDENTITY_EVERY == 0
    large = faces.box[:, 2] - faces.box[:, 0] >= IDENTITY_PX
    return replace(faces, valid=faces.valid & every & large)


def appearance(looks: Sequence[PersonLook], embed: ImageEmbedder) -> Appearance:
    """Appearance and sharpness of the person in the frames that were looked at."""
    pictures = np.zeros((len(looks), APPEARANCE_PX, APPEARANCE_PX, 3), np.uint8)
    for place, sighting in zip(pictures, looks, strict=True):
        place[...] = sighting.picture
    return Appearance(
        frames=np.array([sighting.frame for sighting in looks], np.int32),
        vectors=embed(pictures).vectors,
        sharpness=np.array([sharpness(sighting.picture) for sighting in looks], np.float32),
        face_sharpness=np.array([sighting.face_sharpness for sighting in looks], np.float32),
        hand_sharpness=np.array([sighting.hand_sharpness for sighting in looks], np.float32),
        eyes_open=np.array([sighting.eyes_open for sighting in looks], np.float32),
    )
