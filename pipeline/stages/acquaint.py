"""Estimated to Tracked: the stretches of a source are told how far their faces are from each other's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.tracks import Estimated, FaceDistances, Tracked

GRID = 256
"""Distances are told in this part of 1: what networks round otherwise on other processors is less."""


def acquaint(items: Iterable[Estimated]) -> list[Tracked]:
    """The stretches in the order of their keys, each with its distances and without its vector."""
    tracked = []
    for _, group in groupby(sorted(items, key=lambda item: item.key), key=lambda item: item.clip.video.key):
        stretches = list(group)
        distances = distances_of(stretches)
        tracked += [without_vector(one, place, distances) for place, one in enumerate(stretches)]
    return tracked


def distances_of(stretches: Sequence[Estimated]) -> NDArray[np.float32]:
    """Between the faces of all stretches (s, s), 0 to 2; NaN where one of two shows none."""
    faces = np.stack([stretch.face_vector.astype(np.float64) for stretch in stretches])
    apart = np.stack([np.linalg.norm(faces - face, axis=1) for face in faces])
    known = faces.any(axis=1)
    told: NDArray[np.float64] = np.where(np.outer(known, known), np.round(apart * GRID) / GRID, np.nan)
    return told.astype(np.float32)


def without_vector(one: Estimated, place: int, distances: NDArray[np.float32]) -> Tracked:
    """A stretch as it lands."""
    kept: dict[str, Any] = {field.name: getattr(one, field.name) for field in fields(Tracked)}
    return Tracked(**kept | {"identity": FaceDistances(place=place, distance=distances[place])})
