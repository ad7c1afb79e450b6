"""Two data sets side by side: what differs is told with its distance, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataset.arrays import pack, unpack
from dataset.compare import side_by_side, spread
from dataset.distances import control_distances, distances
from dataset.index import read_index
from dataset.reader import Reader
from dataset.sample_files import controls_of
from schemas.arrow import encode
from schemas.controls import Controls
from schemas.index import IndexRow
from schemas.sample import TRACKS


@pytest.fixture
def first(data_set: Path) -> tuple[IndexRow, dict[str, bytes]]:
    row = read_index(data_set).row(0)
    return row, Reader(str(data_set), verify=True).read(row)


def moved(members: dict[str, bytes], **change: Callable[[Any], Any]) -> dict[str, bytes]:
    """Members whose arrays are others."""
    arrays = {name: array.copy() for name, array in unpack(members[TRACKS]).items()}
    for name, made in change.items():
        arrays[name] = made(arrays[name]).astype(arrays[name].dtype)
    return {**members, TRACKS: pack(arrays)}


def turn(degrees: float) -> np.ndarray[Any, Any]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


@pytest.mark.parametrize(
    ("array", "change", "unit", "distance"),
    [
        ("joints2d", lambda points: points + np.array([3, 4]), "px", 5.0),
        ("head_center", lambda points: points + np.array([0, -2]), "px", 2.0),
        ("head_radius", lambda radius: radius + 1.5, "px", 1.5),
        ("face_box", lambda box: box + np.array([3, 4, 3, 4]), "px", 5.0),
        ("joints3d", lambda points: points + np.array([0, 0, 0.25]), "m", 0.25),
        ("head_rotation", lambda rotation: rotation @ turn(10), "degrees", 10.0),
        ("body_yaw", lambda yaw: yaw + np.radians(20), "degrees", 20.0),
        ("joints_score", lambda score: score - 0.125, "share", 0.125),
        ("camera_focal", lambda focal: focal + 8, "px", 8.0),
    ],
)
def test_known_distances(
    array: str, change: Any, unit: str, distance: float, first: tuple[IndexRow, dict[str, bytes]]
) -> None:
    row, members = first
    found = list(distances(row, row, (members, moved(members, **{array: change}))))
    assert [(one.field, one.unit) for one in found] == [(f"tracks.{array}", unit)]
    assert found[0].distance == pytest.approx(distance, rel=1e-3)


def test_only_frames_that_both_measured_are_compared(first: tuple[IndexRow, dict[str, bytes]]) -> None:
    row, members = first
    mine = controls_of(row, members[TRACKS])
    half = np.arange(row.frames) < row.frames // 2
    center = np.where(half[:, None], mine.head_center, mine.head_center + 100).astype(np.float32)
    other = replace(mine, head_valid=mine.head_valid & half, head_center=center)
    found = {one.field: one.distance for one in control_distances(mine, other)}
    assert set(found) == {"tracks.head_valid"}
    assert found["tracks.head_valid"] == pytest.approx(np.mean(mine.head_valid & ~half))


def test_clips_of_other_lengths_are_compared_as_far_as_both_go(
    first: tuple[IndexRow, dict[str, bytes]],
) -> None:
    row, members = first
    mine = controls_of(row, members[TRACKS])
    shorter = Controls(**{f.name: cut(getattr(mine, f.name)) for f in fields(Controls)})
    assert list(control_distances(mine, shorter)) == []


def cut(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array[:20] if array.ndim else array


def rewrite(out: Path, rows: list[IndexRow]) -> None:
    pq.write_table(encode(rows, IndexRow), out / "index.parquet")


def test_a_set_is_the_same_as_itself(data_set: Path, own_set: Path) -> None:
    found = side_by_side(read_index(data_set), read_index(own_set), 0)
    assert (found.same, found.differing, found.looked_into, found.fields) == (16, 0, 0, ())
    assert found.only_here == found.only_there == found.unreadable == ()


def test_samples_of_one_side_and_columns_that_differ_are_told(data_set: Path, own_set: Path) -> None:
    rows = list(read_index(own_set).rows())
    rewrite(own_set, [replace(rows[1], motion=rows[1].motion + 0.5, subject="anna"), *rows[2:]])
    found = side_by_side(read_index(data_set), read_index(own_set), 0)
    assert (found.only_here, found.only_there) == ((rows[0].key,), ())
    assert (found.same, found.differing) == (14, 1)
    motion, subject = found.fields
    assert (motion.field, motion.unit, motion.worst, motion.worst_key) == (
        "index.motion",
        "torso/s",
        0.5,
        rows[1].key,
    )
    assert (subject.field, subject.unit, subject.samples) == ("index.subject", "", 1)
    assert np.isnan(subject.worst)


def test_a_sample_that_cannot_be_read_is_named(data_set: Path, own_set: Path) -> None:
    rows = list(read_index(own_set).rows())
    rewrite(own_set, [replace(rows[0], sha256="0" * 64), *rows[1:]])
    (own_set / rows[0].shard).unlink()
    (sentence,) = side_by_side(read_index(data_set), read_index(own_set), 0).unreadable
    assert sentence.startswith(f"{rows[0].key}: missing_shard")


def test_what_is_looked_into_is_spread_evenly() -> None:
    numbers = np.arange(100)
    assert spread(numbers, 3).tolist() in ([0, 50, 99], [0, 49, 99])
    assert spread(numbers, 0).tolist() == spread(numbers, 100).tolist() == numbers.tolist()
    assert spread(numbers[:0], 3).tolist() == []
