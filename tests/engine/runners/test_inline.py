"""Legs on the in-process runner: what is done is not done again, what changed is, and a kill costs a lap."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.core import Step
from engine.failures import TooManyFailed
from engine.ledger import Ledger
from engine.leg import Leg
from engine.plans import LapForLap
from engine.runners.inline import run
from engine.runners.process import LapFailed
from engine.runners.settings import Timeouts
from engine.runners.status import LegProgress, WorkerState
from pipeline import plans
from pipeline.corpora.listing import enlist
from schemas.media import Listed, Source
from schemas.origin import Origin
from schemas.outcome import Rejected
from tests.engine.runners import odd
from tests.engine.runners.odd import listing


@dataclass
class Seen:
    """A watch that remembers."""

    legs: list[tuple[str, int, int]] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    at_work: list[tuple[str, int]] = field(default_factory=list)
    """Each leg that was told to run, and how many of its laps were done by then."""
    laps: int = 0
    unsealed: int = 0

    def lanes(self, lanes: Sequence[LegProgress]) -> None:
        self.at_work += [(lane.leg, lane.done) for lane in lanes if lane.running]
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
    return [Listed(key=name, uri=f"/v/{name}", origin=Origin(licence="cc0", domain="talk")) for name in names]


def hashed(item: Listed, grade: int) -> Iterator[Source]:
    if item.key == "bad":
        raise Rejected("unreadable")
    yield Source(
        key=item.key,
        uri=item.uri,
        sha256=item.key * 4,
        num_bytes=grade,
        origin=item.origin,
    )


def again(item: Source) -> Iterator[Source]:
    yield item


def hasher(grade: int) -> Callable[[Listed], Iterator[Source]]:
    return partial(hashed, grade=grade)


def as_it_is(stage: Any) -> Any:
    return stage


def house(grade: int = 1, stage: Callable[[Source], Iterator[Source]] = again) -> list[Leg]:
    first = Step(
        name="hash",
        make=partial(hasher, grade),
        takes=Listed,
        gives=Source,
        settings=("grade", grade),
    )
    second = Step(name="again", make=partial(as_it_is, stage), takes=Source, gives=Source)
    return [
        Leg(name="sources", steps=(first,), plan=partial(plans.listed, sources_per_lap=2)),
        Leg(name="copy", steps=(second,), plan=LapForLap(reads=(Source,)), after=("sources",)),
    ]


def go(ledger: Ledger, legs: list[Leg]) -> Seen:
    seen = Seen()
    run(legs, ledger, seen, clock=lambda: 0.0, unseal=seen.unseal, gpus=int)
    return seen


def test_a_finished_job_does_no_work(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "bad", "c"), lambda: None)
    first = go(ledger, house())
    assert (first.legs, first.laps, first.unsealed) == ([("sources", 2, 0), ("copy", 2, 0)], 4, 1)
    assert first.at_work == [("sources", 0), ("sources", 1), ("copy", 0), ("copy", 1)]
    second = go(ledger, house())
    assert (second.legs, second.laps, second.unsealed) == ([("sources", 2, 2), ("copy", 2, 2)], 0, 0)
    (tally,) = ledger.tallies("sources")
    assert (tally.offered, tally.kept, dict(tally.reasons)) == (3, 2, {"unreadable": 1})


def test_a_grown_corpus_adds_laps(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "b", "c"), lambda: None)
    go(ledger, house())
    result = enlist(ledger, listed("a", "a2", "b", "c"), lambda: None)
    assert (result.new, result.known, result.gone) == (1, 3, ())
    assert go(ledger, house()).legs == [("sources", 3, 2), ("copy", 3, 2)]
    assert len(enlist(ledger, listed("a"), lambda: None).gone) == 3


def test_changed_settings_redo_what_depends_on_them(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "b", "c"), lambda: None)
    go(ledger, house(grade=1))
    assert go(ledger, house(grade=2)).legs == [("sources", 2, 0), ("copy", 2, 0)]
    assert [row.num_bytes for row in ledger.rows("copy", "000000", Source)] == [2, 2]


def of_a_full_disk(item: Source) -> Iterator[Source]:
    if item.key == "d":
        raise OSError(errno.ENOSPC, "No space left on device")
    yield item


def test_where_the_machine_is_at_fault_the_lap_is_lost(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    enlist(ledger, listed("a", "b", "c", "d"), lambda: None)
    with pytest.raises(
        LapFailed, match=r"copy/000001: .*No space left on device, .* free: .*; in step 'again'"
    ):
        go(ledger, house(stage=of_a_full_disk))
    assert go(ledger, house()).legs == [("sources", 2, 2), ("copy", 2, 1)]
    undisturbed = Ledger(tmp_path / "other")
    enlist(undisturbed, listed("a", "b", "c", "d"), lambda: None)
    go(undisturbed, house())
    for name in ("000000", "000001"):
        one, other = ledger.landed("copy", name), undisturbed.landed("copy", name)
        assert one is not None
        assert other is not None
        assert one.content == other.content


DEFAULT = Timeouts()
ODD = ("fine-1", "segv-1", "bug-1", "fine-2", "leave-1", "hang-1", "greedy-1", "bad-1", "fine-3")


def test_what_breaks_a_step_kills_or_never_returns_costs_itself(tmp_path: Path) -> None:
    """The stages are made in one process, which is not this one, and anew only when it has died."""
    ledger = listing(tmp_path, *(f"/v/{name}" for name in ODD))
    seen = Seen()
    odd_run(ledger, seen, Timeouts(base_s=4.0))
    rejects = ledger.rejects("sources", "000000").to_pylist()
    found = {row["key"]: (row["reason"], row["detail"]) for row in rejects}
    assert {key: reason for key, (reason, _) in found.items()} == {
        "segv1": "crashed",
        "bug1": "failed",
        "leave1": "crashed",
        "hang1": "timed_out",
        "greedy1": "failed",
        "bad1": "unreadable",
    }
    where = r"tests\.engine\.runners\.odd, line \d+"
    assert re.fullmatch(rf"KeyError in {where}, 2 times; understudy replay OUT bug1", found["bug1"][1])
    assert [row.key for row in ledger.rows("groups", "000000", Source)] == ["fine1", "fine2", "fine3"]
    (tally,) = ledger.tallies("sources")
    assert (tally.offered, tally.kept) == (9, 3)
    landed = ledger.landed("sources", "000000")
    assert landed is not None
    assert set(landed.steps[0].traces) == {"bug1", "greedy1"}
    assert "KeyError: '/v/bug-1 " in landed.steps[0].traces["bug1"]


def test_the_same_bytes_whatever_it_said(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "other"):
        ledger = listing(tmp_path / name, "/v/fine-1", "/v/bug-1")
        odd_run(ledger, Seen())
        landed = ledger.landed("sources", "000000")
        assert landed is not None
        contents.append(landed.content)
    assert contents[0] == contents[1]


def test_an_item_on_which_a_gather_breaks_costs_its_lap(tmp_path: Path) -> None:
    """Whose fault it is cannot be told; other laps go on."""
    ledger = listing(tmp_path, "/v/fine-1", "/v/fine-bug-2", domain="gather")
    odd_run(ledger, Seen(), per_lap=1)
    assert [row.key for row in ledger.rows("groups", "000000", Source)] == ["fine1"]
    (row,) = ledger.rejects("groups", "000001").to_pylist()
    assert (row["key"], row["step"], row["reason"]) == ("finebug2", "together", "failed")


def test_without_tries_the_first_stops_the_run_in_this_process(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/bug-1")
    with pytest.raises(KeyError) as caught:
        odd_run(ledger, Seen(), Timeouts(tries=0))
    assert caught.value.__notes__ == ["in step 'hash' on item 'bug1'"]
    assert caught.traceback[-1].name == "misbehave"  # a debugger stands where it happened
    assert ledger.names("sources") == []


def test_too_many_failed_items_stop_the_run_and_few_do_not(tmp_path: Path) -> None:
    names = [f"/v/{'bug' if n % 2 else 'fine'}-{n}" for n in range(20)]
    few = Timeouts(max_failed_share=0.4, min_failed=11)
    ledger = listing(tmp_path / "few", *names)
    odd_run(ledger, Seen(), few, per_lap=2)
    assert ledger.tallies("sources")[0].reasons == {"failed": 10}
    ledger = listing(tmp_path / "many", *names)
    with pytest.raises(TooManyFailed, match=r"step hash failed on 5 of 10 items.*--retry failed") as caught:
        odd_run(ledger, Seen(), replace(few, min_failed=5), per_lap=2)
    assert "KeyError" in caught.value.trace
    assert len(ledger.names("sources")) == 5


def test_failed_items_are_tried_again_only_if_asked(tmp_path: Path) -> None:
    mended = str(tmp_path / "bug-1")
    ledger = listing(tmp_path / "set", mended, domain="once")
    odd_run(ledger, Seen(), Timeouts(tries=1))
    assert ledger.tallies("sources")[0].reasons == {"failed": 1}
    again = Seen()
    odd_run(ledger, again)
    assert again.laps == 0
    odd_run(ledger, Seen(), retry=("failed",))
    assert ledger.tallies("sources")[0].kept == 1


def test_a_run_that_is_interrupted_leaves_no_process(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/hang-1")

    class Impatient(Seen):
        def sights(self, sights: Sequence[WorkerState]) -> None:
            if sights[0].spot and sights[0].spot.key == "hang1":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        odd_run(ledger, Impatient())
    assert not [
        child for child in psutil.Process().children() if "process import main" in " ".join(child.cmdline())
    ]


def odd_run(
    ledger: Ledger, seen: Seen, patience: Timeouts = DEFAULT, *, per_lap: int = 10, **more: Any
) -> None:
    legs = odd.house(per_lap)
    run(legs, ledger, seen, clock=time.monotonic, unseal=seen.unseal, gpus=int, patience=patience, **more)
