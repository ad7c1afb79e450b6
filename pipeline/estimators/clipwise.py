"""Estimators over a clip: shown one window after the other while it is decoded, and asked once at its end.

One of frames answers for each window, and its answers are joined. One of crops cuts them while their frames
are there; its network is called on batches that are filled across windows, and what is constant of a person
over a clip is taken of the whole of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.contracts import HandEstimator, HandsOverClip, OverClip
from pipeline.geometry import bounding_box
from schemas.arrays import joined
from schemas.media import Frames
from schemas.tracks import HandTrack, KeypointTrack

Given = TypeVar("Given")
Result = TypeVar("Result")


class CropEstimator(ABC, Generic[Given, Result]):
    """An estimator that reads crops; called on frames, it takes them for a whole clip."""

    @abstractmethod
    def begin(self) -> OverClip[Given, Result]:
        """It, at the beginning of a clip."""

    def __call__(self, frames: Frames, given: Given, /) -> Result:
        """What it says of a clip of these frames."""
        clip = self.begin()
        clip.see(frames, given)
        return clip.track()


class PerWindow(Generic[Given, Result]):
    """An estimator that answers for each window, over a clip."""

    def __init__(self, estimator: Callable[[Frames, Given], Result]) -> None:
        self.estimator = estimator
        self.tracks: list[Result] = []

    def see(self, frames: Frames, given: Given, /) -> None:
        """Show it the next window."""
        self.tracks.append(self.estimator(frames, given))

    def track(self) -> Result:
        """What it said of all windows."""
        return joined(self.tracks)


class HandsPerWindow(PerWindow[KeypointTrack, HandTrack]):
    """A hand estimator that answers for each window, over a clip."""

    def boxes(self) -> NDArray[np.float64]:
        """Boxes (t, 2, 4), px, around the points of hands in the last window; zeros where one is not seen."""
        return boxes_around(self.tracks[-1])


def boxes_around(hands: HandTrack) -> NDArray[np.float64]:
    """Boxes (t, 2, 4), px, around the points of hands; zeros where one is not seen."""
    return bounding_box(hands.points2d) * (hands.score > 0)[..., None]


def boxes_of(estimator: HandEstimator, person: KeypointTrack, hands: HandTrack) -> NDArray[np.float64]:
    """The boxes that it told at work, told again from what is known of a window."""
    again = getattr(estimator, "boxes", None)  # one of crops looks where the person's points are
    boxes: NDArray[np.float64] = again(person) if again is not None else boxes_around(hands)
    return boxes


def over_clip(estimator: Callable[[Frames, Any], Result]) -> OverClip[Any, Result]:
    """An estimator at the beginning of a clip."""
    return estimator.begin() if isinstance(estimator, CropEstimator) else PerWindow(estimator)


def hands_over_clip(estimator: HandEstimator) -> HandsOverClip:
    """A hand estimator at the beginning of a clip."""
    if isinstance(estimator, CropEstimator):
        return cast("HandsOverClip", estimator.begin())
    return HandsPerWindow(estimator)
