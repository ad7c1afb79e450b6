"""How a job goes is told from its folder alone: alive, dead, done or stuck."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from dataset.names import RUNNING
from engine.leg import LegRunner
from engine.runners.order import LapOrder
from engine.runners.status import CurrentItem, LegProgress, WorkerState
from jobs.commands.status import Status, status
from jobs.console.heartbeat import Heartbeat, read_running
from jobs.console.holder import this_process
from jobs.console.lock import AT_WORK, Manner
from storage.place import Place
from tests.engine.runners.odd import diamond, listing

LANE = LegProgress(leg="tracks", laps=8, done=2, running=1, ready=5, items=80, items_done=20)
SPOT = CurrentItem(step="estimate", key="0123456789ab-000000", uri="/v/a.mp4", footage_s=10.0)
SIGHT = WorkerState(
    worker="cpu-0", leg="tracks", lap="000002", spot=SPOT, since_s=5.0, limit_s=900.0, tallies=()
)


def manner(now: float = 0.0) -> Manner:
    """That of a run on this machine, whose clock stands `now` seconds off."""
    return Manner(wall=lambda: time.time() + now, sleep=time.sleep, say=print)


def status_of(out: Path) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    code = status(Status(out=str(out)), console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


def test_a_run_at_work(tmp_path: Path) -> None:
    listing(tmp_path, "/v/fine-1")
    with Heartbeat(Place.at(tmp_path), "ray", manner()) as heartbeat:
        heartbeat.lanes([LANE])
        heartbeat.sights([SIGHT])
        heartbeat.lock.tell(AT_WORK)
        code, text = status_of(tmp_path)
    assert code == 0
    assert "at work" in text
    assert "of 8" in text
    assert "cpu-0: tracks/000002, step estimate, item 0123456789ab-000000" in text
    assert "stuck" not in text


def test_legs_are_those_of_the_run_and_what_they_wait_for_is_told(tmp_path: Path) -> None:
    ledger = listing(tmp_path, *(f"/v/fine-{number}" for number in range(3)))
    order = LapOrder(diamond(), ledger, ahead=9, unseal=lambda: None)
    with Heartbeat(Place.at(tmp_path), "ray", manner()) as heartbeat:
        while (lap := order.take(frozenset({"sources", "right"}))) is not None:
            leg = order.states[lap.leg].leg
            order.landed(lap, LegRunner(leg, float, lambda _, stage: stage).run(lap, ledger, lambda _: None))
        heartbeat.lanes(order.lanes)
        heartbeat.lock.tell(AT_WORK)
        lines = [line.split("│") for line in status_of(tmp_path)[1].splitlines()]
    laps = {line[1].strip(): line[2].strip() for line in lines if len(line) > 3}
    assert laps == {
        "sources": "3 of 3",
        "left": "0 of 3",
        "right": "2 of 2",
        "joined": "0 of 3",
        "all": "0, after joined, sources",
    }


def test_a_file_that_names_folders_elsewhere_is_refused(tmp_path: Path) -> None:
    with Heartbeat(Place.at(tmp_path), "ray", manner()) as heartbeat:
        heartbeat.lanes([replace(LANE, leg="../../etc")])
        heartbeat.lock.tell(AT_WORK)
        with pytest.raises(ValueError, match="no leg is"):
            read_running(Place.at(tmp_path))


def test_what_is_stuck_is_told(tmp_path: Path) -> None:
    listing(tmp_path, "/v/fine-1")
    with Heartbeat(Place.at(tmp_path), "ray", manner()) as heartbeat:
        heartbeat.lanes([LANE])
        heartbeat.stuck(["tracks: 3 laps wait for a worker"])
        heartbeat.sights([replace(SIGHT, leg="clips", since_s=700.0)])
        heartbeat.lock.tell(AT_WORK)
        code, text = status_of(tmp_path)
    assert code == 1
    assert "stuck? tracks: 3 laps wait for a worker" in text
    assert "stuck? clips: cpu-0 at clips/000002, step estimate" in text


def test_what_may_take_long_is_not_stuck(tmp_path: Path) -> None:
    """A long film has a far limit of time; whoever has none is judged by the clock alone."""
    listing(tmp_path, "/v/fine-1")
    with Heartbeat(Place.at(tmp_path), "ray", manner()) as heartbeat:
        heartbeat.lanes([LANE])
        heartbeat.sights([replace(SIGHT, since_s=700.0, limit_s=9000.0)])
        heartbeat.lock.tell(AT_WORK)
        assert status_of(tmp_path)[0] == 0
        heartbeat.sights([replace(SIGHT, since_s=700.0, limit_s=None)])
        heartbeat.lock.tell(AT_WORK)
        code, text = status_of(tmp_path)
    assert code == 1
    assert "stuck? tracks: cpu-0" in text


def test_a_run_that_ended(tmp_path: Path) -> None:
    listing(tmp_path, "/v/fine-1")
    with Heartbeat(Place.at(tmp_path), "inline", manner()):
        pass
    assert status_of(tmp_path)[0] == 0
    assert "nobody is at work: the last run" in status_of(tmp_path)[1]
    with pytest.raises(OSError, match="disk full"), Heartbeat(Place.at(tmp_path), "inline", manner()):
        raise OSError("disk full")
    code, text = status_of(tmp_path)
    assert code == 1
    assert "ended by OSError: disk full" in text


def test_what_the_run_says_is_read_back(tmp_path: Path) -> None:
    place = Place.at(tmp_path)
    assert read_running(place) is None
    with Heartbeat(place, "ray", manner()) as heartbeat:
        heartbeat.lanes([LANE])
        heartbeat.lanes([replace(LANE, done=3), replace(LANE, leg="samples")])
        heartbeat.lock.tell(AT_WORK)
        running = read_running(place)
        assert running is not None
        assert (running.claim.holder, running.claim.state) == (this_process(), AT_WORK)
    running = read_running(place)
    assert running is not None
    assert [(lane.leg, lane.done) for lane in running.lanes] == [("tracks", 3), ("samples", 2)]


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"lanes": [{"leg": 1}]}', '{"lanes": 5}'])
def test_a_file_of_another_kind_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / RUNNING).write_text(text)
    with pytest.raises(ValueError, match="not what a run writes"):
        read_running(Place.at(tmp_path))


def test_where_nothing_ever_ran(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run has begun there"):
        status_of(tmp_path / "none")
