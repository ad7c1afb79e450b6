"""The seven roles: arrays in, a track out. No file names, no devices, no settings, no memory between calls.

A call gets the frames of one window of a clip, as shown, RGB. What an estimator follows over time it follows
inside the window; windows are joined by the estimate stage.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.media import Frames
from schemas.tracks import (
    BodyTrack,
    Embeddings,
    EstimatorCard,
    FaceTrack,
    HandTrack,
    HeadTrack,
    KeypointTrack,
)

T = TypeVar("T", covariant=True)
IDENTITY_PX = 40
"""A face of less width tells nobody who it is."""
Given = TypeVar("Given", contravariant=True)


class Estimator(Protocol):
    """What every role can tell of itself."""

    @property
    def card(self) -> EstimatorCard:
        """Name, version, weights digest and licence, for provenance."""
        ...


class PoseEstimator2D(Estimator, Protocol):
    """Finds the main person: 2D points, the person's box, a head box, and whether others are there."""

    def __call__(self, frames: Frames, /) -> KeypointTrack: ...


class BodyEstimator(Estimator, Protocol):
    """Gives our body joints in the picture and in the camera frame."""

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> BodyTrack: ...


class HandEstimator(Estimator, Protocol):
    """Gives both hands of the main person, left and right told apart by the body's wrists."""

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> HandTrack: ...


class FaceDetector(Estimator, Protocol):
    """Gives the main person's face, looked for where the person's head is."""

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> FaceTrack: ...


class HeadTracker(Estimator, Protocol):
    """Gives the head's rotation and its sphere from the face."""

    def __call__(self, frames: Frames, faces: FaceTrack, /) -> HeadTrack: ...


class ImageEmbedder(Estimator, Protocol):
    """Gives one unit vector a picture: near for the same appearance."""

    def __call__(self, images: Frames, /) -> Embeddings: ...


class IdentityEmbedder(Estimator, Protocol):
    """Gives one unit vector a frame: near for the same person's face. Zeros where no face is valid."""

    def __call__(self, frames: Frames, faces: FaceTrack, /) -> Embeddings: ...


class OverClip(Protocol[Given, T]):
    """An estimator at work on one clip (`pipeline.estimators.clipwise`)."""

    def see(self, frames: Frames, given: Given, /) -> None:
        """Show it the next window of the clip, and what is known of it."""
        ...

    def track(self) -> T:
        """What it says of all windows together; asked once, after the last."""
        ...


class HandsOverClip(OverClip[KeypointTrack, HandTrack], Protocol):
    """A hand estimator at work on one clip."""

    def boxes(self) -> NDArray[np.float64]:
        """Boxes (t, 2, 4), px, in which hands are in the last window; zeros where one is not seen."""
        ...


class Backend(Protocol[T]):
    """A recipe's choice of an estimator: a frozen config. Heavy imports and weights wait for `build`."""

    def build(self) -> T:
        """The estimator, ready to be called.

        Raises:
            EstimatorUnavailable: a package or a weight file is missing; the message says how to get it.
        """
        ...
