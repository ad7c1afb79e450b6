"""Estimators that know the answer: for synthetic clips whose every frame says which one it is.

A synthetic clip carries a strip of black and white cells along the top of each frame with the numbers of its
scene and of the frame. The fakes read the strip and look the answer up in a folder of truths, so they answer
alike however the clip was encoded, cut, resampled or put into windows. A frame without a strip shows nobody.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, get_type_hints

import numpy as np
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from pipeline.estimators.contracts import (
    BodyEstimator,
    FaceDetector,
    HandEstimator,
    HeadTracker,
    IdentityEmbedder,
    ImageEmbedder,
    PoseEstimator2D,
)
from schemas.arrays import array_specs
from schemas.base import record
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

T = TypeVar("T")
CARD = EstimatorCard(name="fake", version="1", weights_sha256="", licence="none")


# The strip


BITS = 32  # scene 8, frame 16, check 8
STRIP_SHARE = 24
"""The strip is this part of the picture's height."""


def write_strip(picture: NDArray[np.uint8], scene: int, frame: int) -> None:
    """Draw the numbers of a scene (0..255) and a frame (0..65535) along the top of a picture (h, w, 3)."""
    cells = np.unpackbits(np.frombuffer(strip_word(scene, frame), np.uint8))
    columns = np.arange(picture.shape[1]) * BITS // picture.shape[1]
    picture[: max(picture.shape[0] // STRIP_SHARE, 1)] = 255 * cells[columns][:, None]


def read_strip(picture: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Scene and frame that `write_strip` wrote, None where it did not."""
    height, width = picture.shape[:2]
    row = max(height // STRIP_SHARE, 1) // 2
    columns = (2 * np.arange(BITS) + 1) * width // (2 * BITS)
    luma = picture[row, columns].mean(axis=-1)
    if np.any((luma > 85) & (luma < 170)):
        return None
    word = np.packbits(luma > 127).tobytes()
    scene, frame = word[0], int.from_bytes(word[1:3], "big")
    return (scene, frame) if word == strip_word(scene, frame) else None


def strip_word(scene: int, frame: int) -> bytes:
    """The strip's four bytes, the last of which checks the others."""
    numbers = bytes([scene]) + frame.to_bytes(2, "big")
    return numbers + bytes([zlib.crc32(numbers) & 0xFF])


# The truth


@record
class Truth:
    """All the answers on a scene, one row a frame."""

    person: KeypointTrack
    body: BodyTrack
    hands: HandTrack
    face: FaceTrack
    head: HeadTrack


def save_truth(folder: Path, scene: int, truth: Truth) -> None:
    """Write the answers on a scene to where `load_truth` finds them."""
    tracks = {name: getattr(truth, name) for name in get_type_hints(Truth)}
    arrays = {
        f"{name}.{f.name}": getattr(track, f.name) for name, track in tracks.items() for f in fields(track)
    }
    np.savez(folder / f"{scene}.npz", allow_pickle=False, **arrays)


def load_truth(path: Path) -> Truth:
    """The answers on the scene whose number names the file."""
    tracks = {}
    with np.load(path, allow_pickle=False) as stored:
        for name, cls in get_type_hints(Truth).items():
            arrays = {f.name: stored[f"{name}.{f.name}"] for f in fields(cls)}
            tracks[name] = cls(
                **{key: a if key in array_specs(cls) else plain(a) for key, a in arrays.items()}
            )
    return Truth(**tracks)


def plain(array: NDArray[Any]) -> Any:
    """A stored field that is no array: a number, or a tuple of words."""
    return tuple(array.tolist()) if array.ndim else array.item()


# The estimators


class Scripted(Generic[T]):
    """Gives the true track of one role; all 0 where a frame shows nobody or the track is not valid."""

    card = CARD

    def __init__(self, truths: Path, role: str) -> None:
        self.tracks: dict[int, T] = {int(p.stem): getattr(load_truth(p), role) for p in truths.glob("*.npz")}
        if not self.tracks:
            raise EstimatorUnavailable(f"no truths of synthetic clips in {truths}: save_truth writes them")

    def __call__(self, frames: Frames, given: KeypointTrack | FaceTrack | None = None, /) -> T:
        """The answers on `frames`, which are all of one scene, where `given`, if given, is valid."""
        strips = [read_strip(frame) for frame in frames]
        scene = next((strip[0] for strip in strips if strip is not None), min(self.tracks))
        track = self.tracks[scene]
        rows = np.array([strip[1] if strip and strip[0] == scene else -1 for strip in strips], np.intp)
        valid: NDArray[np.bool_] | None = getattr(track, "valid", None)
        for known in ([] if valid is None else [valid[rows]]) + ([] if given is None else [given.valid]):
            rows = np.where(known, rows, -1)
        return cast("T", picked(track, rows))


def picked(track: Any, rows: NDArray[np.intp]) -> Any:
    """A track of some rows of another; row -1 is all zeros."""
    cls: type = type(track)
    values = {f.name: getattr(track, f.name) for f in fields(track)}
    for name in array_specs(cls):
        blank = np.zeros_like(values[name][:1])
        values[name] = np.concatenate([values[name], blank])[rows]
    return cls(**values)


class ColourHistogram:
    """Gives the square root of a picture's colour histogram: the same for the same colours."""

    card = CARD

    def __call__(self, images: Frames, /) -> Embeddings:
        """Unit vectors (n, 64)."""
        colours = ((images >> 6).astype(np.intp) @ (16, 4, 1)).reshape(
            len(images), images.shape[1] * images.shape[2]
        )
        shares = [np.bincount(image, minlength=64) / image.size for image in colours]
        return Embeddings(vectors=np.sqrt(np.reshape(shares, (-1, 64))).astype(np.float32))


class SceneNumber:
    """Gives a vector for each scene: the person of one is nobody of another."""

    card = CARD

    def __call__(self, frames: Frames, faces: FaceTrack, /) -> Embeddings:
        """Unit vectors (t, 256); zeros where no face is valid or no strip is read."""
        vectors = np.zeros((len(frames), 256), np.float32)
        for t in np.flatnonzero(faces.valid):
            if strip := read_strip(frames[t]):
                vectors[t, strip[0]] = 1
        return Embeddings(vectors=vectors)


@dataclass(frozen=True, kw_only=True)
class FakePose2D:
    """The true person."""

    truths: Path
    """Folder of truths."""

    def build(self) -> PoseEstimator2D:
        """The estimator, ready to be called."""
        return Scripted[KeypointTrack](self.truths, "person")


@dataclass(frozen=True, kw_only=True)
class FakeBody:
    """The true body."""

    truths: Path
    """Folder of truths."""

    def build(self) -> BodyEstimator:
        """The estimator, ready to be called."""
        return Scripted[BodyTrack](self.truths, "body")


@dataclass(frozen=True, kw_only=True)
class FakeHands:
    """The true hands."""

    truths: Path
    """Folder of truths."""

    def build(self) -> HandEstimator:
        """The estimator, ready to be called."""
        return Scripted[HandTrack](self.truths, "hands")


@dataclass(frozen=True, kw_only=True)
class FakeFace:
    """The true face."""

    truths: Path
    """Folder of truths."""

    def build(self) -> FaceDetector:
        """The estimator, ready to be called."""
        return Scripted[FaceTrack](self.truths, "face")


@dataclass(frozen=True, kw_only=True)
class FakeHead:
    """The true head."""

    truths: Path
    """Folder of truths."""

    def build(self) -> HeadTracker:
        """The estimator, ready to be called."""
        return Scripted[HeadTrack](self.truths, "head")


@dataclass(frozen=True, kw_only=True)
class FakeEmbedder:
    """Colours instead of appearance."""

    def build(self) -> ImageEmbedder:
        """The estimator, ready to be called."""
        return ColourHistogram()


@dataclass(frozen=True, kw_only=True)
class FakeIdentity:
    """Scenes instead of faces."""

    def build(self) -> IdentityEmbedder:
        """The estimator, ready to be called."""
        return SceneNumber()
