"""Chooses pairs of samples across clips, for each person as many as for any other. Pure, and repeatable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.index import Index
from dataset.tables import records
from schemas.arrow import schema_of
from schemas.index import IndexRow
from schemas.media import FPS
from schemas.pairs import PairKind

APART_S = 1.0
"""Windows of one source lie at least this far apart."""
TRIES = (2, 18)
"""Draws for each pair that is wanted of a person, and how many more where these are not enough."""
CELLS = 2**22
"""Samples that are looked at at a time, for all windows together."""
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Seconds = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch of a sample."""

    row: IndexRow
    start: int
    frames: int

    @property
    def start_s(self) -> float:
        """Seconds of the source."""
        return self.row.start_s + self.start / FPS

    @property
    def stop_s(self) -> float:
        """Seconds of the source, exclusive."""
        return self.start_s + self.frames / FPS


@dataclass(frozen=True, kw_only=True)
class ChosenPair:
    """Who drives, who is to be seen, and which sample shows the target's person at another time."""

    kind: PairKind
    driver: Window
    target: Window
    reference: IndexRow

    @property
    def key(self) -> str:
        """Its own: both samples and where their windows begin."""
        driver, target = self.driver, self.target
        return f"{self.kind}-{driver.row.key}-{driver.start}-{target.row.key}-{target.start}"


@dataclass(frozen=True, kw_only=True)
class ChosenPairs:
    """Pairs as columns: numbers of rows of the index, and first frames of windows."""

    index: Index
    kind: PairKind
    frames: int  # of each window
    driver: Rows
    driver_start: Rows
    target: Rows
    target_start: Rows
    reference: Rows

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.driver)

    def part(self, first: int, stop: int) -> ChosenPairs:
        """Some of them, in their order."""
        names = ("driver", "driver_start", "target", "target_start", "reference")
        return replace(self, **{name: getattr(self, name)[first:stop] for name in names})

    def rows(self) -> list[IndexRow]:
        """The rows of the index that they name, each once and in its order."""
        named = np.unique([self.driver, self.target, self.reference])
        return records(self.index.rows_at(named).table.cast(schema_of(IndexRow)), IndexRow)

    def pairs(self) -> Iterator[ChosenPair]:
        """Each as a record."""
        rows = self.rows()
        _, at = np.unique([self.driver, self.target, self.reference], return_inverse=True)
        starts = self.driver_start.tolist(), self.target_start.tolist()
        for driver, target, reference, *first in zip(*at.reshape(3, -1).tolist(), *starts, strict=True):
            yield ChosenPair(
                kind=self.kind,
                driver=Window(row=rows[driver], start=first[0], frames=self.frames),
                target=Window(row=rows[target], start=first[1], frames=self.frames),
                reference=rows[reference],
            )


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Stretches of samples, by the places of these among the offered ones."""

    at: Rows
    start: Rows


@dataclass(frozen=True, kw_only=True)
class OfferedSamples:
    """Samples that are long enough and whose person is told, ordered by person and key."""

    rows: Rows  # in the index
    people: list[str]  # in order
    first: Rows  # of each person, and behind the last one
    source: Rows  # codes
    take: Rows  # codes, -1 where none is told
    start_s: Seconds
    num_frames: Rows
    may_be_target: Mask
    frames: int  # of a window

    @classmethod
    def of(cls, index: Index, frames: int) -> OfferedSamples:
        """Those of an index, for windows of so many frames."""
        code, names = index.codes("person")
        long = index.numbers("frames") >= frames
        people = sorted(filter(None, (names[number] for number in np.unique(code[long]))))
        number = {name: number for number, name in enumerate(people)}
        person = np.where(long, np.array([number.get(name, -1) for name in names])[code], -1)
        by_key = np.asarray(pc.sort_indices(index.table["key"].cast(pa.string())), np.int64)
        rows = by_key[np.argsort(person[by_key], kind="stable")]
        rows = rows[person[rows] >= 0]
        take, takes = index.codes("take")
        in_take = np.array([bool(name) for name in takes])[take]
        return cls(
            rows=rows,
            people=people,
            first=np.searchsorted(person[rows], np.arange(len(people) + 1)),
            source=index.codes("source_sha256")[0][rows],
            take=np.where(in_take, take, -1)[rows],
            start_s=index.values("start_s")[rows],
            num_frames=index.numbers("frames")[rows],
            may_be_target=index.values("extra.part")[rows] != "reference",
            frames=frames,
        )

    def of_person(self, person: int) -> Rows:
        """The places of a person's samples."""
        return np.arange(self.first[person], self.first[person + 1])

    def windows(self, at: Rows, rng: Rng) -> Windows:
        """A stretch of each sample, drawn."""
        return Windows(at=at, start=rng.integers(self.num_frames[at] - self.frames + 1))

    def drawn(self, places: Rows, number: int, rng: Rng) -> Windows:
        """So many windows of samples at these places, drawn."""
        return self.windows(places[rng.integers(len(places), size=number)], rng)

    def begins(self, windows: Windows) -> Seconds:
        """When windows begin, in their sources."""
        return np.asarray(self.start_s[windows.at] + windows.start / FPS)


def pairs_of(index: Index, kind: PairKind, *, frames: int, per_person: int, seed: int) -> ChosenPairs:
    """At most `per_person` pairs whose target is each person, of windows of `frames`; none is there twice.

    A driver is never its own target. The same rows, in any order, give the same pairs, and a person's do not
    depend on how many there are of others, but for whom `cross_identity` draws as driver. What the manifest
    calls a reference (`part`) tells looks alone: it is never a target.
    """
    offered = OfferedSamples.of(index, frames)
    found = [np.empty((0, 5), np.int64)]
    for person, name in enumerate(offered.people):
        rng = np.random.default_rng(seed_of(seed, kind, name))
        found.append(pairs_of_person(offered, person, kind, per_person, rng))
    driver, driver_start, target, target_start, reference = np.concatenate(found).T
    return ChosenPairs(
        index=index,
        kind=kind,
        frames=frames,
        driver=offered.rows[driver],
        driver_start=driver_start,
        target=offered.rows[target],
        target_start=target_start,
        reference=offered.rows[reference],
    )


Drawn = tuple[Windows, Mask]
"""A driver for each target, and which of them may be one."""
Draw = Callable[[OfferedSamples, int, Windows, Rng], Drawn]
Offers = Callable[[Rows, Windows], Mask]
"""Which of some samples are offered to each window (windows, samples)."""


def pairs_of_person(offered: OfferedSamples, person: int, kind: PairKind, per_person: int, rng: Rng) -> Rows:
    """Driver and its first frame, target and its first frame, reference: a row for each pair of a person."""
    targets = offered.of_person(person)
    targets = targets[offered.may_be_target[targets]]
    if not len(targets):
        return np.empty((0, 5), np.int64)
    draw = {"cross_clip": another_time, "cross_view": another_camera, "cross_identity": another_person}[kind]
    chosen: dict[tuple[int, ...], None] = {}  # a set in the order of their draws
    for tries in TRIES:
        if len(chosen) < per_person:
            target = offered.drawn(targets, tries * per_person, rng)
            driver, fits = draw(offered, person, target, rng)
            drawn = np.stack([driver.at, driver.start, target.at, target.start], axis=1)[fits]
            chosen |= dict.fromkeys(map(tuple, drawn.tolist()))
    columns = np.array([*islice(chosen, per_person)], np.int64).reshape(-1, 4)
    shown = Windows(at=columns[:, 2], start=columns[:, 3])
    return np.column_stack([columns, references_for(offered, person, shown, rng)])


def seed_of(seed: int, kind: str, person: str) -> int:
    """What the draws of a person begin from, whoever else there is."""
    return int.from_bytes(hashlib.sha256(f"{seed} {kind} {person}".encode()).digest())


def another_time(offered: OfferedSamples, person: int, target: Windows, rng: Rng) -> Drawn:
    """The same person in another source that is not of the same take, or a second or more away in one."""
    driver = offered.drawn(offered.of_person(person), len(target.at), rng)
    take, source, frames = offered.take, offered.source, offered.frames
    one_take = (take[driver.at] == take[target.at]) & (take[driver.at] >= 0)
    elsewhere = ~one_take & (source[driver.at] != source[target.at])
    return driver, elsewhere | apart(offered.begins(driver), frames, offered.begins(target), frames)


def another_camera(offered: OfferedSamples, person: int, target: Windows, rng: Rng) -> Drawn:
    """The same moment in another camera of the take."""

    def is_other_view(samples: Rows, windows: Windows) -> Mask:
        take, source = offered.take[windows.at][:, None], offered.source[windows.at][:, None]
        same_take = (take >= 0) & (offered.take[samples] == take)
        return np.asarray(same_take & (offered.source[samples] != source))

    at = one_of_each(offered.of_person(person), target, is_other_view, rng)
    start = np.rint((offered.begins(target) - offered.start_s[at]) * FPS).astype(np.int64)
    fits = (at >= 0) & (start >= 0) & (start <= offered.num_frames[at] - offered.frames)
    return Windows(at=at, start=start), fits


def another_person(offered: OfferedSamples, person: int, target: Windows, rng: Rng) -> Drawn:
    """Another's performance: each other person is as likely, however many samples there are."""
    if len(offered.people) == 1:
        return target, np.zeros(len(target.at), np.bool_)
    other = rng.integers(len(offered.people) - 1, size=len(target.at))
    other += other >= person
    first, stop = offered.first[other], offered.first[other + 1]
    return offered.windows(rng.integers(first, stop), rng), np.ones(len(target.at), np.bool_)


def references_for(offered: OfferedSamples, person: int, target: Windows, rng: Rng) -> Rows:
    """Samples whose references tell the targets' looks: of another moment, else the target itself.

    References come from anywhere in their source, so those of another camera of the same take could show the
    very instant: none of its samples is taken.
    """

    def is_elsewhere(samples: Rows, windows: Windows) -> Mask:
        source, take = offered.source[windows.at][:, None], offered.take[windows.at][:, None]
        begins, length = offered.begins(windows)[:, None], offered.num_frames[samples]
        later = apart(offered.start_s[samples], length, begins, offered.frames)
        other_take = (offered.take[samples] < 0) | (offered.take[samples] != take)
        return np.asarray(np.where(offered.source[samples] == source, later, other_take))

    at = one_of_each(offered.of_person(person), target, is_elsewhere, rng)
    return np.asarray(np.where(at < 0, target.at, at))


def apart(one_s: Seconds, one_frames: int | Rows, other_s: Seconds, other_frames: int | Rows) -> Mask:
    """Whether stretches on one clock, told by where they begin and how long they are, are a second apart."""
    gap = np.where(
        one_s <= other_s, other_s - (one_s + one_frames / FPS), one_s - (other_s + other_frames / FPS)
    )
    return np.asarray(gap >= APART_S)


def one_of_each(samples: Rows, windows: Windows, offers: Offers, rng: Rng) -> Rows:
    """For each window one of the samples that it is offered, each as likely; -1 where none is."""
    found = [np.empty(0, np.int64)]
    step = max(1, CELLS // len(samples))
    for first in range(0, len(windows.at), step):
        part = Windows(at=windows.at[first : first + step], start=windows.start[first : first + step])
        offered = offers(samples, part)
        num = offered.sum(axis=1)
        nth = rng.integers(np.maximum(num, 1))
        at = (np.cumsum(offered, axis=1) > nth[:, None]).argmax(axis=1)
        found.append(np.where(num > 0, samples[at], -1))
    return np.concatenate(found)
