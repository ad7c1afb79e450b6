"""Legs on the in-process runner: what is done is not done again, what changed is, and a kill costs a lap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from engine.core import Step
from engine.ledger import Ledger
from engine.leg import Leg
from engine.plans import LapForLap
from engine.runners.inline import run
from engine.runners.status import LegProgress, WorkerState
from pipeline import plans
from pipeline.corpora.listing import enlist
from schemas.media import Listed, Source
from schemas.outcome import Rejected


@dataclass
class Seen:
    """A watch that remembers."""

    legs: list[tuple[str, int, int]] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    laps: int = 0
    unsealed: int = 0

    def lanes(self, lanes: Sequence[LegProgress]) -> None:
        for lane in lanes:
            if lane.leg in self.done:
                self.laps += lane.done - self.done[lane.leg]
            else:
                self.legs.append((lane.leg, lane.laps, lane.done))
            self.done[lane.leg] = lane.done

    def sights(self, sights: Sequence[WorkerState]) -> None:
        pass

    def stuck(self, why: Sequence[str]) -> None:
        pass

    def unseal(self) -> None:
        self.unsealed += 1


def listed(*names: str) -> list[Listed]:
    return [Listed(key=name, uri=f"/v/{name}", licence="cc0", domain="talk") for name in names]


def hashed(item: Listed, grade: int) -> Iterator[Source]:
    if item.key == "bad":
        raise Rejected("unreadable")
    yield Source(
        key=item.key,
        uri=item.uri,
        sha256=item.key * 4,
        num_bytes=grade,
        licence=item.licence,
        domain=item.domain,
    )


def again(item: Source) -> Iterator[Source]:
    yield item


def house(grade: int = 1, stage: Callable[[Source], Iterator[Source]] = again) -> list[Leg]:
    first = Step(
        name="hash",
        make=lambda: partial(hashed, grade=grade),
        takes=Listed,
        gives=Source,
        settings=("grade", grade),
    )
    second = Step(name="again", make=lambda: stage, takes=Source, gives=Source)
    return [
        Leg(name="sources", steps=(first,), plan=partial(plans.listed, sources_per_lap=2)),
        Leg(name="copy", steps=(second,), plan=LapForLap(before="sources", cls=Source)),
    ]


def go(ledger: Ledger, legs: list[Leg]) -> Seen:
    seen = Seen()
    run(legs, ledger, seen, clock=lambda: 0.0, unseal=seen.unseal, gpus=int)
    return seen


def test_a_finished_job_does_no_work(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "bad", "c"))
    first = go(ledger, house())
    assert (first.legs, first.laps, first.unsealed) == ([("sources", 2, 0), ("copy", 2, 0)], 4, 1)
    second = go(ledger, house())
    assert (second.legs, second.laps, second.unsealed) == ([("sources", 2, 2), ("copy", 2, 2)], 0, 0)
    (tally,) = ledger.tallies("sources")
    assert (tally.offered, tally.kept, dict(tally.reasons)) == (3, 2, {"unreadable": 1})


def test_a_grown_corpus_adds_laps(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "b", "c"))
    go(ledger, house())
    said = enlist(ledger, listed("a", "a2", "b", "c"))
    assert (said.new, said.known, said.gone) == (1, 3, 0)
    assert go(ledger, house()).legs == [("sources", 3, 2), ("copy", 3, 2)]
    assert enlist(ledger, listed("a")).gone == 3


def test_changed_settings_redo_what_depends_on_them(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "b", "c"))
    go(ledger, house(grade=1))
    assert go(ledger, house(grade=2)).legs == [("sources", 2, 0), ("copy", 2, 0)]
    assert [row.num_bytes for row in ledger.rows("copy", "000000", Source)] == [2, 2]


def test_a_crash_costs_one_lap(tmp_path: Path) -> None:
    def crashing(item: Source) -> Iterator[Source]:
        if item.key == "d":
            raise MemoryError
        yield item

    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "b", "c", "d"))
    with pytest.raises(MemoryError):
        go(ledger, house(stage=crashing))
    assert go(ledger, house()).legs == [("sources", 2, 2), ("copy", 2, 1)]
    undisturbed = Ledger(tmp_path / "other")
    enlist(undisturbed, listed("a", "b", "c", "d"))
    go(undisturbed, house())
    for name in ("000000", "000001"):
        one, other = ledger.landed("copy", name), undisturbed.landed("copy", name)
        assert one is not None
        assert other is not None
        assert one.content == other.content
