"""What crashes or hangs a worker's process is found, tried again and held back; everything else goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.ledger import Landed, Ledger
from engine.runners import supervisor
from engine.runners.process import Failure
from engine.runners.sessions import kill_session
from engine.runners.settings import Timeouts
from engine.runners.status import WorkerState
from engine.runners.supervisor import Supervisor, kit_of
from tests.engine.runners.odd import house, listing
from tests.names import taken_names
from tests.processes import alive, program, wait_until

PATIENCE = Timeouts(base_s=20.0, per_footage_s=1.0, tries=2, kills=3)


@pytest.fixture(autouse=True, scope="module")
def warm_workers() -> None:
    """Processes start here as they do for users."""


@contextmanager
def guarding(ledger: Ledger, patience: Timeouts = PATIENCE) -> Iterator[Supervisor]:
    kit = kit_of(house(10), ledger, patience.tries)
    guard = Supervisor(kit, patience, time.monotonic, "w", threads=3)
    try:
        yield guard
    finally:
        guard.stop()


def run_first(guard: Supervisor, ledger: Ledger, place: int = 0) -> Landed | Failure:
    return guard.run(house(10)[place].laps(ledger)[0])


def rejects(ledger: Ledger, leg: str) -> dict[str, tuple[str, str]]:
    rows = ledger.rejects(leg, "000000").to_pylist()
    return {row["key"]: (row["reason"], row["detail"]) for row in rows}


def test_poison_is_held_back_and_the_others_land(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/segv-1", "/v/leave-1", "/v/bad-1", "/v/fine-2")
    with guarding(ledger) as guard:
        landed = run_first(guard, ledger)
    assert isinstance(landed, Landed)
    assert (landed.rows, landed.rejects) == (2, 3)
    assert landed.steps[0].offered == 5
    assert rejects(ledger, "sources") == {
        "segv1": ("crashed", "crashed with SIGSEGV, 2 times; understudy replay OUT segv1"),
        "leave1": ("crashed", "ended itself with code 3, 2 times; understudy replay OUT leave1"),
        "bad1": ("unreadable", "as told"),
    }


def test_files_of_our_names_where_it_is_started_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = listing(tmp_path / "set", "/v/fine-1")
    monkeypatch.chdir(taken_names(tmp_path / "mine"))
    with guarding(ledger) as guard:
        assert isinstance(run_first(guard, ledger), Landed)


def test_libraries_keep_as_many_threads_as_the_worker_has_cores(tmp_path: Path) -> None:
    with guarding(listing(tmp_path)) as guard:
        file = Path(f"/proc/{guard.process.pid}/environ")
        wait_until(file.read_bytes, "an environment: a program has none for a moment as it begins")
        message = file.read_bytes().split(b"\0")
    assert {b"OMP_NUM_THREADS=3", b"OPENCV_FOR_THREADS_NUM=3"} <= set(message)


def test_what_never_returns_is_given_up(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/hang-1", "/v/fine-2")
    with guarding(ledger, Timeouts(base_s=3.0, tries=2)) as guard:
        landed = run_first(guard, ledger)
    assert isinstance(landed, Landed)
    assert landed.rows == 2
    assert rejects(ledger, "sources") == {
        "hang1": ("timed_out", "took longer than 3 s, 2 times; understudy replay OUT hang1")
    }


@pytest.mark.parametrize("loading_s", [60.0, 4.5])
def test_reading_libraries_has_a_limit_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loading_s: float
) -> None:
    monkeypatch.setattr(supervisor, "BEGIN", f"import time; time.sleep(5); {supervisor.BEGIN}")
    monkeypatch.setattr(supervisor, "LOADING_S", loading_s)
    ledger = listing(tmp_path, "/v/fine-1")
    with guarding(ledger, Timeouts(base_s=4.0, tries=1)) as guard:
        end = run_first(guard, ledger)
    assert isinstance(end, Landed if loading_s > 5 else Failure)
    assert isinstance(end, Landed) or "took longer than 4.5 s between items" in end.sentence


def test_the_member_of_a_group_is_found(tmp_path: Path) -> None:
    """The member that is worked on is blamed, not the group, nor its first member."""
    ledger = listing(tmp_path, "/v/fine-1", "/v/fine-abort-2", "/v/fine-3", domain="group")
    with guarding(ledger) as guard:
        run_first(guard, ledger)
        landed = run_first(guard, ledger, place=1)
    assert isinstance(landed, Landed)
    assert (landed.rows, landed.rejects) == (2, 1)
    assert rejects(ledger, "groups")["fineabort2"][0] == "crashed"


@pytest.mark.parametrize("what", ["segv", "hang", "kill"])
def test_what_happens_once_leaves_no_trace(what: str, tmp_path: Path) -> None:
    ledger = listing(tmp_path, str(tmp_path / f"{what}-1"), domain="once")
    with guarding(ledger, Timeouts(base_s=4.0)) as guard:
        landed = run_first(guard, ledger)
    assert isinstance(landed, Landed)
    assert (landed.rows, landed.rejects) == (1, 0)


def test_a_process_killed_from_outside_gets_more_tries(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/kill-1", "/v/fine-1")
    with guarding(ledger) as guard:
        landed = run_first(guard, ledger)
    assert isinstance(landed, Landed)
    assert rejects(ledger, "sources") == {
        "kill1": ("killed", "was killed, 3 times; understudy replay OUT kill1")
    }


def test_without_tries_a_bug_is_told_whole(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/bug-1")
    with guarding(ledger, replace(PATIENCE, tries=0)) as guard:
        failure = run_first(guard, ledger)
    assert isinstance(failure, Failure)
    assert "sources/000000" in failure.sentence
    assert "in step 'hash' on item 'bug1'" in failure.sentence
    assert "KeyError" in failure.trace
    assert ledger.landed("sources", "000000") is None


def test_without_tries_a_crash_fails_the_lap(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/segv-1")
    with guarding(ledger, replace(PATIENCE, tries=0)) as guard:
        failure = run_first(guard, ledger)
    assert isinstance(failure, Failure)
    assert "its process crashed with SIGSEGV in step hash on item segv1, 1 times" in failure.sentence


def test_what_is_told_comes_at_once_and_again_while_nothing_is(tmp_path: Path) -> None:
    """Whoever watches gives signs of life while an item takes long."""
    ledger = listing(tmp_path, "/v/fine-1", "/v/hang-1")
    heard: list[WorkerState] = []
    kit = kit_of(house(10), ledger, 1)
    guard = Supervisor(kit, Timeouts(base_s=3.5, tries=1), time.monotonic, "w", heard=heard.append)
    try:
        assert isinstance(run_first(guard, ledger), Landed)
    finally:
        guard.stop()
    at = [sight.spot.key if sight.spot else "" for sight in heard]
    assert at.index("fine1") < at.index("hang1")
    assert at.count("hang1") >= 3


def test_what_is_wrong_between_items_fails_the_lap(tmp_path: Path) -> None:
    """Where the process dies before any item, nobody is blamed."""
    ledger = listing(tmp_path, "/v/fine-1")
    lap = house(10)[0].laps(ledger)[0]
    with guarding(ledger) as guard:
        guard.process.kill()
        landed = guard.run(lap)  # once is chance
        assert isinstance(landed, Landed)
        guard.kit = kit_of(house(10), "no ledger", 2)  # type: ignore[arg-type]
        guard.stop()
        guard.start()
        failure = guard.run(lap)
    assert isinstance(failure, Failure)
    assert "no attribute" in failure.sentence


def test_it_tells_where_it_is(tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/hang-1")
    with guarding(ledger, Timeouts(base_s=60.0)) as guard:
        from threading import Thread

        assert guard.sight() is None
        lap = house(10)[0].laps(ledger)[0]
        thread = Thread(target=guard.run, args=(lap,), daemon=True)
        thread.start()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            sight = guard.sight()
            if sight and sight.spot and sight.spot.key == "hang1":
                break
            time.sleep(0.05)
        assert sight is not None
        assert sight.spot is not None
        assert (sight.leg, sight.lap, sight.spot.step) == ("sources", "000000", "hash")
        assert sight.limit_s == 60.0
        assert sight.tallies[0].kept == 1
        os.killpg(guard.process.pid, signal.SIGKILL)
        guard.patience = Timeouts(base_s=60.0, kills=1)  # let it end
        thread.join(30)
        assert not thread.is_alive()


def test_the_process_ends_with_its_guard(tmp_path: Path) -> None:
    listing(tmp_path, "/v/hang-1")
    code = (
        "import sys, time, os, threading\n"
        "from pathlib import Path\n"
        "from tests.engine.runners.odd import house\n"
        "from engine.runners.supervisor import Supervisor, kit_of\n"
        "from engine.runners.settings import Timeouts\n"
        "from engine.ledger import Ledger\n"
        f"ledger = Ledger(Path({str(tmp_path)!r}))\n"
        "guard = Supervisor(kit_of(house(10), ledger, 2), Timeouts(), time.monotonic, 'w')\n"
        "print(guard.process.pid, flush=True)\n"
        "guard.run(house(10)[0].laps(ledger)[0])\n"
    )
    with program(sys.executable, "-c", code, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        time.sleep(1.0)
        process.kill()
        wait_until(lambda: not alive(child), "the child's end")


def test_what_made_groups_of_its_own_is_killed_too(tmp_path: Path) -> None:
    """As encoders do below the process that is guarded."""
    mark = tmp_path / "child"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '3600'], process_group=0)\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid) + '\\n')\n"
        "time.sleep(3600)\n"
    )
    with program(sys.executable, "-c", code) as process:
        wait_until(lambda: mark.exists() and mark.read_text().endswith("\n"), "begun")
        child = int(mark.read_text())
        assert alive(child)
        kill_session(process.pid)
        assert process.wait() == -signal.SIGKILL
        wait_until(lambda: not alive(child), "killed")
