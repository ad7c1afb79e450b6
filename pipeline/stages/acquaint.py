"""Estimated to Tracked: the stretches of a source are told how far their faces are from each other's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.stretches import GRID
from schemas.tracks import Estimated, FaceDistances, Tracked


def acquaint(items: Iterable[Estimated]) -> list[Tracked]:
    """The clips as they came, each with the distances of its stretches and without their vectors.

    Of a lap, either all clips know their distances, or none does.
    """
    clips = list(items)
    if any(clip.identity for clip in clips):
        return [without_vectors(clip, clip.identity) for clip in clips]
    identities: dict[str, tuple[FaceDistances, ...]] = {}
    for _, group in groupby(sorted(clips, key=lambda clip: clip.key), key=lambda clip: clip.clip.video.key):
        identities |= met(list(group))
    return [without_vectors(clip, identities[clip.key]) for clip in clips]


def met(clips: Sequence[Estimated]) -> dict[str, tuple[FaceDistances, ...]]:
    """By clip of one source, in the order of their keys, what its stretches are told."""
    distances = distances_of(np.concatenate([clip.face_vectors for clip in clips]))
    numbered = enumerate(distances)

    def next_face(frames: list[int]) -> FaceDistances:
        place, distance = next(numbered)
        return FaceDistances(place=place, distance=distance, frames=tuple(frames))

    return {clip.key: tuple(map(next_face, clip.face_frames.tolist())) for clip in clips}


def distances_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Between the faces of all stretches (s, s), 0 to 2; NaN where one of two shows none."""
    faces = vectors.astype(np.float64)
    apart = np.reshape([np.linalg.norm(faces - face, axis=1) for face in faces], (len(faces), len(faces)))
    known = faces.any(axis=1)
    distances: NDArray[np.float64] = np.where(np.outer(known, known), np.round(apart * GRID) / GRID, np.nan)
    return distances.astype(np.float32)


def without_vectors(one: Estimated, identity: tuple[FaceDistances, ...]) -> Tracked:
    """A clip as it lands."""
    kept: dict[str, Any] = {field.name: getattr(one, field.name) for field in fields(Tracked)}
    return Tracked(**kept | {"identity": identity})
