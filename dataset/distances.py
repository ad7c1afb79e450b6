"""How far two samples of one key lie apart: in their numbers, and in the bytes of their members."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset.meta import meta_in
from dataset.sample_files import controls_of
from schemas.controls import Controls
from schemas.index import IndexRow
from schemas.sample import META, TRACKS

Members = Mapping[str, bytes]
Pair = tuple[Members, Members]
Array = NDArray[Any]

DEGREES = 180 / math.pi
PX = {
    **dict.fromkeys(("joints2d",), "body_valid"),
    **dict.fromkeys(("head_center", "head_radius"), "head_valid"),
    "left_hand2d": "left_hand_score",
    "right_hand2d": "right_hand_score",
    "face_box": "face_valid",
}
METRES = {"joints3d": "body_valid", "left_hand3d": "left_hand_score", "right_hand3d": "right_hand_score"}
"""Arrays of places, and what tells in which frames they were measured."""
SHARES = ("head_valid", "face_valid", "body_valid", "joints_score", "left_hand_score", "right_hand_score")


@dataclass(frozen=True, kw_only=True)
class FieldDistance:
    """A field in which two samples differ."""

    field: str
    unit: str  # px, m, degrees, s or share; empty for words and bytes
    distance: float  # mean over the frames in which both measured it; NaN for words and bytes


def distances(mine: IndexRow, other: IndexRow, members: Pair) -> Iterator[FieldDistance]:
    """The fields of their `members` in which two samples differ.

    Raises:
        UnfitError, DamagedError: members are not what they should be.
    """
    yield from member_distances(members)
    meta = [meta_in(one[META]) for one in members]
    yield from reference_distances(*meta)
    yield from words("provenance", *(one["provenance"] for one in meta))
    tracks = [controls_of(row, one[TRACKS]) for row, one in zip((mine, other), members, strict=True)]
    yield from control_distances(*tracks)


def numbers(field: str, unit: str, distance: float) -> Iterator[FieldDistance]:
    """A distance, where there is one."""
    if distance > 0:
        yield FieldDistance(field=field, unit=unit, distance=float(distance))


def words(field: str, mine: object, other: object) -> Iterator[FieldDistance]:
    """A field without distances, where it differs."""
    if mine != other:
        yield FieldDistance(field=field, unit="", distance=math.nan)


def member_distances(members: Pair) -> Iterator[FieldDistance]:
    """Members of other bytes, and those that one of the two lacks; numbers have their own distances."""
    for name in sorted({*members[0], *members[1]} - {META, TRACKS}):
        yield from words(f"bytes.{name}", members[0].get(name), members[1].get(name))


def reference_distances(mine: Any, other: Any) -> Iterator[FieldDistance]:
    """References in order: how far apart in time they were taken in the mean, if they are as many."""
    a, b = (np.array([one["source_time_s"] for one in meta["references"]]) for meta in (mine, other))
    yield from words("references", len(a), len(b))
    if len(a) == len(b):
        yield from numbers("references.time", "s", mean(np.abs(a - b)))


def control_distances(mine: Controls, other: Controls) -> Iterator[FieldDistance]:
    """Arrays of tracks.npz that differ, in the frames that both have."""
    frames = min(len(mine.body_yaw), len(other.body_yaw))
    a, b = ({f.name: part(getattr(one, f.name), frames) for f in fields(Controls)} for one in (mine, other))
    for unit, arrays in (("px", PX), ("m", METRES)):
        for name, measured in arrays.items():
            both = (a[measured] > 0) & (b[measured] > 0)
            yield from numbers(f"tracks.{name}", unit, mean(apart(a[name], b[name])[both]))
    both = a["head_valid"] & b["head_valid"]
    yield from numbers("tracks.head_rotation", "degrees", mean(turned(a, b)[both]))
    turn = np.abs(a["body_yaw"].astype(np.float64) - b["body_yaw"]) * DEGREES
    yield from numbers("tracks.body_yaw", "degrees", mean(turn))
    for name in SHARES:
        yield from numbers(f"tracks.{name}", "share", mean(np.abs(a[name] * 1.0 - b[name] * 1.0)))
    yield from numbers("tracks.camera_focal", "px", float(abs(a["camera_focal"] - b["camera_focal"])))


def part(array: Array, frames: int) -> Array:
    """The first frames of an array that has any."""
    return array[:frames] if array.ndim else array


def mean(values: Array) -> float:
    """The mean, 0 of nothing."""
    return float(np.mean(values, dtype=np.float64)) if values.size else 0.0


def apart(a: Array, b: Array) -> Array:
    """Distance of points, mean over all points of a frame (t,); of radii their difference."""
    gap = a.astype(np.float64) - b
    points = gap.reshape(len(gap), -1, 1 if gap.ndim == 1 else 3 if gap.shape[-1] == 3 else 2)
    return np.asarray(np.linalg.norm(points, axis=2).mean(axis=1))


def turned(a: Mapping[str, Array], b: Mapping[str, Array]) -> Array:
    """Angle between the head's rotations in each frame (t,), degrees."""
    chord = np.linalg.norm(a["head_rotation"].astype(np.float64) - b["head_rotation"], axis=(1, 2))
    return np.asarray(2 * np.degrees(np.arcsin(np.minimum(chord / math.sqrt(8), 1))))
