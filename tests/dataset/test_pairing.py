"""Which samples go together: never a driver with itself, never the same instant where it must not be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset.index import Index, read_index
from dataset.index_tables import index_table
from dataset.pairing import APART_S, ChosenPair, pairs_of
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.pairs import PairKind

KINDS: tuple[PairKind, ...] = ("cross_clip", "cross_view", "cross_identity")
FRAMES = 25


@pytest.fixture(scope="session")
def pattern(data_set: Path) -> IndexRow:
    return read_index(data_set).row(0)


def sample(
    pattern: IndexRow, source: int, first: int, person: str, take: str = "", frames: int = 50
) -> IndexRow:
    return replace(
        pattern,
        key=f"{source:012x}-{first:06d}-0",
        source_sha256=f"{source:012x}" + "0" * 52,
        person=person,
        take=take,
        frames=frames,
        start_s=first / 24,
        stop_s=(first + frames) / 24,
    )


@pytest.fixture(scope="session")
def studio(pattern: IndexRow) -> list[IndexRow]:
    """Anna and Ben, each in two takes of three cameras; Carl alone in a long clip; Dora in a short one."""
    rows = [
        sample(pattern, 10 * person + 3 * take + camera, first, name, f"{name}/{take}")
        for person, name in enumerate(("anna", "ben"))
        for take in range(2)
        for camera in range(3)
        for first in (0, 60)
    ]
    return [*rows, sample(pattern, 99, 0, "carl", frames=150), sample(pattern, 98, 0, "dora", frames=30)]


def index_of(rows: list[IndexRow]) -> Index:
    """The rows as an index that was read, in their order, in parts with codes of their own."""
    file = pa.BufferOutputStream()
    pq.write_table(encode(rows, IndexRow), file, row_group_size=5)
    return Index("", "", index_table(file.getvalue().to_pybytes()))


def chosen(rows: list[IndexRow], kind: PairKind, per_person: int, seed: int = 1) -> list[ChosenPair]:
    return list(pairs_of(index_of(rows), kind, frames=FRAMES, per_person=per_person, seed=seed).pairs())


@pytest.mark.parametrize("kind", KINDS)
def test_a_driver_is_never_its_own_target(kind: PairKind, studio: list[IndexRow]) -> None:
    found = chosen(studio, kind, 30)
    assert found
    for pair in found:
        assert (pair.driver.row.key, pair.driver.start) != (pair.target.row.key, pair.target.start)
        for window in (pair.driver, pair.target):
            assert 0 <= window.start <= window.row.frames - FRAMES
        assert pair.reference.person == pair.target.row.person


def test_another_clip_is_at_least_a_second_away(studio: list[IndexRow]) -> None:
    found = chosen(studio, "cross_clip", 30)
    assert {pair.target.row.person for pair in found} == {"anna", "ben", "carl"}, "dora has no second moment"
    for pair in found:
        driver, target = pair.driver, pair.target
        assert driver.row.person == target.row.person
        if driver.row.take == target.row.take:
            gap = max(driver.start_s, target.start_s) - min(driver.stop_s, target.stop_s)
            assert gap >= APART_S - 1e-9


def test_another_camera_sees_the_same_moment(studio: list[IndexRow]) -> None:
    found = chosen(studio, "cross_view", 30)
    assert {pair.target.row.person for pair in found} == {"anna", "ben"}
    for pair in found:
        assert pair.driver.row.take == pair.target.row.take != ""
        assert pair.driver.row.source_sha256 != pair.target.row.source_sha256
        assert pair.driver.start_s == pytest.approx(pair.target.start_s)


def test_a_reference_is_never_of_another_camera_of_the_take(studio: list[IndexRow]) -> None:
    for kind in KINDS:
        for pair in chosen(studio, kind, 30):
            reference, target = pair.reference, pair.target.row
            same_take = reference.take == target.take != ""
            assert not (same_take and reference.source_sha256 != target.source_sha256)


def test_who_is_seen_from_the_side_alone_drives_and_is_no_target(studio: list[IndexRow]) -> None:
    side = ("carl", "dora")
    aside = [replace(row, extra='{"part": "reference"}') if row.person in side else row for row in studio]
    found = chosen(aside, "cross_identity", 30)
    assert {pair.target.row.person for pair in found} == {"anna", "ben"}
    assert {pair.driver.row.person for pair in found} == {"anna", "ben", "carl", "dora"}


def test_another_person_drives(studio: list[IndexRow]) -> None:
    found = chosen(studio, "cross_identity", 40)
    assert all(pair.driver.row.person != pair.target.row.person for pair in found)
    assert chosen(studio[:6], "cross_identity", 4) == []
    drivers = Counter(pair.driver.row.person for pair in found if pair.target.row.person == "dora")
    assert max(drivers.values()) < 3 * min(drivers.values()), (
        "by person, not by samples: carl has one of them"
    )


@given(st.integers(1, 12), st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_each_person_has_as_many_as_any_other(studio: list[IndexRow], most: int, seed: int) -> None:
    found = chosen(studio, "cross_identity", most, seed)
    assert set(Counter(pair.target.row.person for pair in found).values()) == {most}


@given(st.randoms())
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_changes_nothing(studio: list[IndexRow], random) -> None:
    shuffled = list(studio)
    random.shuffle(shuffled)
    names = [
        [(p.driver.row.key, p.driver.start, p.target.row.key, p.target.start, p.reference.key) for p in pairs]
        for pairs in (chosen(rows, "cross_clip", 5, 3) for rows in (studio, shuffled))
    ]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


def test_a_person_does_not_depend_on_others(studio: list[IndexRow]) -> None:
    def of_anna(rows: list[IndexRow]) -> list[tuple[str, str]]:
        pairs = chosen(rows, "cross_clip", 5, 3)
        return [(p.driver.row.key, p.target.row.key) for p in pairs if p.target.row.person == "anna"]

    assert of_anna(studio) == of_anna([row for row in studio if row.person != "ben"])
