"""Chooses pairs of samples across clips, for each person as many as for any other. Pure, and repeatable."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dataset.conditions import extra_of
from schemas.index import IndexRow
from schemas.media import FPS
from schemas.pairs import PairKind

APART_S = 1.0
"""Windows of one source lie at least this far apart."""
TRIES = 20
"""Draws for each pair that is wanted of a person."""


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


@dataclass(frozen=True)
class SampleGroups:
    """The samples of a data set by whom they show and by the moment that they saw; each long enough."""

    by_person: dict[str, list[IndexRow]]
    targets: dict[str, list[IndexRow]]  # of each person those that may be learned to be shown
    by_take: dict[str, list[IndexRow]]

    @classmethod
    def of(cls, rows: Sequence[IndexRow], frames: int) -> SampleGroups:
        """Those of the rows that hold a window of so many frames and whose person is told."""
        people, takes = defaultdict(list), defaultdict(list)
        for row in sorted(rows, key=lambda row: row.key):
            if row.frames >= frames and row.person:
                people[row.person].append(row)
                takes[row.take].append(row)
        takes.pop("", None)
        shown = {person: list(filter(may_be_target, held)) for person, held in people.items()}
        return cls(dict(people), {person: held for person, held in shown.items() if held}, dict(takes))


def pairs_of(
    rows: Sequence[IndexRow], kind: PairKind, *, frames: int, per_person: int, seed: int
) -> Iterator[ChosenPair]:
    """At most `per_person` pairs whose target is each person, of windows of `frames`; none is there twice.

    A driver is never its own target. The same rows, in any order, give the same pairs, and a person's do not
    depend on how many there are of others, but for whom `cross_identity` draws as driver.
    """
    people = SampleGroups.of(rows, frames)
    draw = {"cross_clip": another_time, "cross_view": another_camera, "cross_identity": another_person}[kind]
    for person in sorted(people.targets):
        seen = set()
        rng = np.random.default_rng(seed_of(seed, kind, person))
        for _ in range(TRIES * per_person):
            found = draw(people, person, frames, rng)
            if found is None:
                continue
            driver, target = found
            name = (driver.row.key, driver.start, target.row.key, target.start)
            if name not in seen:
                seen.add(name)
                yield ChosenPair(
                    kind=kind, driver=driver, target=target, reference=reference_for(people, target, rng)
                )
            if len(seen) == per_person:
                break


def may_be_target(row: IndexRow) -> bool:
    """Whether the manifest lets a sample be learned to be shown: one from the side may tell looks alone."""
    return extra_of(row.extra).get("part") != "reference"


Rng = np.random.Generator
Drawn = tuple[Window, Window] | None
"""Driver and target; None where the draw does not fit."""
Draw = Callable[[SampleGroups, str, int, Rng], Drawn]


def seed_of(seed: int, kind: str, person: str) -> list[int]:
    """What the draws of a person begin from, whoever else there is."""
    return list(hashlib.sha256(f"{seed} {kind} {person}".encode()).digest())


def another_time(people: SampleGroups, person: str, frames: int, rng: Rng) -> Drawn:
    """The same person in another source that is not of the same take, or a second or more away in one."""
    driver, target = (
        window(random_row(held[person], rng), frames, rng) for held in (people.by_person, people.targets)
    )
    return (driver, target) if away(driver, target) else None


def another_camera(people: SampleGroups, person: str, frames: int, rng: Rng) -> Drawn:
    """The same moment in another camera of the take."""
    target = window(random_row(people.targets[person], rng), frames, rng)
    rows = people.by_take.get(target.row.take, ())
    others = [row for row in rows if row.source_sha256 != target.row.source_sha256 and row.person == person]
    if not others:
        return None
    other = random_row(others, rng)
    start = round((target.start_s - other.start_s) * FPS)
    if not 0 <= start <= other.frames - frames:
        return None
    return Window(row=other, start=start, frames=frames), target


def another_person(people: SampleGroups, person: str, frames: int, rng: Rng) -> Drawn:
    """Another's performance: each other person is as likely, however many samples there are."""
    others = [other for other in people.by_person if other != person]
    if not others:
        return None
    other = random_row(people.by_person[others[rng.integers(len(others))]], rng)
    mine = random_row(people.targets[person], rng)
    return window(other, frames, rng), window(mine, frames, rng)


def random_row(rows: Sequence[IndexRow], rng: Rng) -> IndexRow:
    """One of them."""
    return rows[int(rng.integers(len(rows)))]


def window(row: IndexRow, frames: int, rng: Rng) -> Window:
    """A stretch of a sample."""
    return Window(row=row, start=int(rng.integers(row.frames - frames + 1)), frames=frames)


def away(one: Window, other: Window) -> bool:
    """Whether two windows show moments that are a second apart; each take and each source has a clock."""
    if one.row.take and one.row.take == other.row.take:
        return apart(one, other)
    return one.row.source_sha256 != other.row.source_sha256 or apart(one, other)


def apart(one: Window, other: Window) -> bool:
    """Whether two windows on one clock are at least a second apart."""
    first, last = sorted((one, other), key=lambda window: window.start_s)
    return last.start_s - first.stop_s >= APART_S


def reference_for(people: SampleGroups, target: Window, rng: Rng) -> IndexRow:
    """A sample whose references tell the target's looks: of another moment, else the target itself.

    References come from anywhere in their source, so those of another camera of the same take could show the
    very instant: none of its samples is taken.
    """
    rows = people.by_person[target.row.person]
    offered = [row for row in rows if row is not target.row and is_elsewhere(row, target)]
    return random_row(offered, rng) if offered else target.row


def is_elsewhere(row: IndexRow, target: Window) -> bool:
    """Whether a sample is of another take and source than a window, or a second away in its source."""
    if row.source_sha256 == target.row.source_sha256:
        return apart(Window(row=row, start=0, frames=row.frames), target)
    return not row.take or row.take != target.row.take
