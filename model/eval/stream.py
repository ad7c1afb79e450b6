"""Films read once, some frames at a time, past all meters: memory does not grow with their length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
CHUNK = 16
"""Frames that meters see at a time."""


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What meters tell of a film."""

    frames: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Values of each metric of frames, frame by frame; NaN where nothing could be measured."""
    features: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Rows (n, d) of each extractor."""

    def __or__(self, other: Readings) -> Readings:
        return Readings(frames=self.frames | other.frames, features=self.features | other.features)


class Meter(Protocol):
    """Sees a film's frames in order, once, beside those of its truth where there is one."""

    def see(self, made: Pictures, truth: Pictures | None, /) -> None:
        """Up to 16 frames (n, h, w, 3), those of the truth at the same places."""

    def tell(self) -> Readings:
        """What was measured, once all frames have been seen."""
        ...


class OtherSize(ValueError):
    """Two films differ in size."""


def measure(meters: Sequence[Meter], made: Iterable[Pictures], truth: Iterable[Pictures] | None) -> Readings:
    """What all meters tell of a film whose frame i is compared with the truth's frame i.

    Raises:
        ValueError: the film has no frame, or the two differ in length, or in size (OtherSize).
    """
    count = 0
    for one, other in alone(made) if truth is None else together(made, truth):
        count += len(one)
        for meter in meters:
            meter.see(one, other)
    if not count:
        raise ValueError("a film without frames")
    readings = Readings()
    for meter in meters:
        readings |= meter.tell()
    return readings


def alone(made: Iterable[Pictures]) -> Iterator[tuple[Pictures, None]]:
    """A film's frames, some at a time."""
    frames = iter(made)
    while chunk := list(islice(frames, CHUNK)):
        yield np.stack(chunk), None


def together(made: Iterable[Pictures], truth: Iterable[Pictures]) -> Iterator[tuple[Pictures, Pictures]]:
    """Frames of both films, some at a time."""
    pairs = matched(made, truth)
    while chunk := list(islice(pairs, CHUNK)):
        yield np.stack([one for one, _ in chunk]), np.stack([other for _, other in chunk])


def matched(made: Iterable[Pictures], truth: Iterable[Pictures]) -> Iterator[tuple[Pictures, Pictures]]:
    """Frame i of both films, of one size, to the end of both.

    Raises:
        ValueError: they differ in length, or in size (OtherSize).
    """
    for number, (one, other) in enumerate(zip_longest(made, truth)):
        if one is None or other is None:
            which = "made" if one is None else "true"
            raise ValueError(f"the films differ in length: the {which} one ends after {number} frames")
        if one.shape != other.shape:
            raise OtherSize(f"the films differ in size: {shown(one)} and {shown(other)} px")
        yield one, other


def shown(picture: Pictures) -> str:
    """Width x height."""
    return f"{picture.shape[1]}x{picture.shape[0]}"
