"""A place is held by one run at a time: by one that lives, however clocks and machines differ."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dataset.names import RUNNING
from jobs.console import lock
from jobs.console.holder import Holder, this_process
from jobs.console.lock import AT_WORK, AtWork, Claim, Lock, Manner, read_claim
from storage.place import Place
from tests.stores import Store

NOW = 1_000_000.0
ELSEWHERE = Holder(host="elsewhere", boot="another", namespace="pid:[1]", process=1, started=7)


class Hours:
    """A clock that moves when somebody sleeps, and what happens meanwhile."""

    def __init__(self, meanwhile: Callable[[float], None] = lambda _: None) -> None:
        self.now, self.meanwhile, self.said = NOW, meanwhile, list[str]()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile(self.now)

    def manner(self, *, force: bool = False) -> Manner:
        return Manner(wall=lambda: self.now, sleep=self.sleep, say=self.said.append, force=force)


def held(place: Place, hours: Hours, *, force: bool = False) -> Lock:
    return Lock(place, dict, hours.manner(force=force))


def claim(place: Place, holder: Holder, outcome: float = NOW, state: str = AT_WORK) -> None:
    result = {"holder": vars_of(holder), "began": outcome - 5, "told": outcome, "state": state}
    place.write(RUNNING, json.dumps({"claim": result}).encode())


def vars_of(holder: Holder) -> dict[str, object]:
    return {name: getattr(holder, name) for name in Holder.__dataclass_fields__}


@pytest.fixture(params=["disk", "store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "disk":
        return Place.at(tmp_path / "out")
    store: Store = request.getfixturevalue("cloud")
    del store
    return Place.at(f"s3://bucket/{tmp_path.name}")


def test_one_at_a_time(place: Place) -> None:
    with held(place, Hours()):
        assert read_claim(place) == Claim(holder=this_process(), began=NOW, told=NOW, state=AT_WORK)
        with pytest.raises(AtWork, match=r"another run is at work .* 0 s ago.*--force"), held(place, Hours()):
            pass
    found = read_claim(place)
    assert found is not None
    assert found.state == "done"
    with held(place, Hours()):
        pass


def test_how_a_run_ended_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk full"), held(Place.at(tmp_path), Hours()):
        raise OSError("disk full")
    found = read_claim(Place.at(tmp_path))
    assert found is not None
    assert found.state == "ended by OSError: disk full"
    with pytest.raises(KeyboardInterrupt), held(Place.at(tmp_path), Hours()):
        raise KeyboardInterrupt
    found = read_claim(Place.at(tmp_path))
    assert found is not None
    assert found.state == "stopped by Ctrl-C or SIGTERM"


@pytest.mark.parametrize("off_s", [-86_400.0, -120.0, 0.0, 120.0, 86_400.0])
def test_here_the_system_knows_and_no_clock_counts(off_s: float, tmp_path: Path) -> None:
    place, gone = Place.at(tmp_path), replace(this_process(), started=1)
    claim(place, this_process(), NOW + off_s)
    with pytest.raises(AtWork), held(place, Hours()):
        pass
    claim(place, gone, NOW + off_s)  # a restarted container has the same number again
    hours = Hours()
    with held(place, hours):
        pass
    assert (hours.now, hours.said) == (NOW, [])


@pytest.mark.parametrize(
    ("off_s", "waits_s"),
    [(0.0, 60.0), (-50.0, 15.0), (-600.0, 15.0), (600.0, 15.0), (-86_400.0, 0.0), (1e8, 0.0)],
)
def test_elsewhere_silence_is_waited_for(off_s: float, waits_s: float, tmp_path: Path) -> None:
    claim(Place.at(tmp_path), ELSEWHERE, NOW + off_s)
    hours = Hours()
    with held(Place.at(tmp_path), hours):
        pass
    assert hours.now - NOW == waits_s
    message = f"{tmp_path}: waiting {waits_s:.0f} s for a sign of life of process 1 on elsewhere"
    assert hours.said == ([message] if waits_s else [])


@pytest.mark.parametrize("off_s", [-1800.0, 0.0, 1800.0])
def test_elsewhere_a_sign_of_life_counts_by_any_clock(off_s: float, tmp_path: Path) -> None:
    place = Place.at(tmp_path)

    def lives(now: float) -> None:
        if (now - NOW) % lock.BEAT_S == 0:
            claim(place, ELSEWHERE, now + off_s)

    claim(place, ELSEWHERE, NOW + off_s)
    hours = Hours(lives)
    with pytest.raises(AtWork, match="process 1 on elsewhere"), held(place, hours):
        pass
    assert hours.now - NOW == lock.BEAT_S


def test_elsewhere_a_run_that_ends_meanwhile_frees_the_place(tmp_path: Path) -> None:
    place = Place.at(tmp_path)
    claim(place, ELSEWHERE)
    with held(place, Hours(lambda now: claim(place, ELSEWHERE, now, "done"))) as mine:
        mine.check()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "\0", "[" * 100_000, '{"claim": 5}', '{"claim": {"holder": {}, "told": "now"}}'],
)
def test_what_nobody_can_read_is_nobody(text: str, tmp_path: Path) -> None:
    (tmp_path / RUNNING).write_text(text)
    with held(Place.at(tmp_path), Hours()):
        pass


def test_force_takes_over_and_the_other_ends(place: Place) -> None:
    with held(place, Hours()) as first:
        first.check()
        with held(place, Hours(), force=True):
            pass
        claim(place, ELSEWHERE)
        first.tell(AT_WORK)  # the next sign of life
        with pytest.raises(AtWork, match="taken over by process 1 on elsewhere; this run ends"):
            first.check()
    found = read_claim(place)
    assert found is not None
    assert found.holder == ELSEWHERE  # the end of the first is not told over it


def test_in_a_store_the_later_of_two_at_once_wins(cloud: Store) -> None:
    del cloud
    place = Place.at("s3://bucket/both")
    hours = Hours(lambda now: claim(place, ELSEWHERE, now))
    with pytest.raises(AtWork, match="taken over"), held(place, hours):
        pass


def test_on_disk_one_of_many_at_once_wins(tmp_path: Path) -> None:
    place, start = Place.at(tmp_path), threading.Barrier(8)
    results = list[str]()

    def run() -> None:
        start.wait()
        try:
            with held(place, Hours()):
                results.append("held")
                end.wait(30)
        except AtWork:
            results.append("refused")

    end = threading.Event()
    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(3000):
        if len(results) == 8:
            break
        threading.Event().wait(0.01)
    end.set()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["held", *["refused"] * 7]


@contextmanager
def beating(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(lock, "BEAT_S", seconds)
        yield


def test_signs_of_life_come_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, hours = Place.at(tmp_path), Hours()
    with beating(monkeypatch, 0.01), held(place, hours):
        hours.now += 100
        for _ in range(3000):
            found = read_claim(place)
            assert found is not None
            if found.told == NOW + 100:
                return
            threading.Event().wait(0.01)
    pytest.fail("no sign of life")


def test_a_killed_run_leaves_the_place_free(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, time; from jobs.console.lock import *; from storage.place import Place\n"
        "how = Manner(wall=time.time, sleep=time.sleep, say=print)\n"
        "with Lock(Place.at(sys.argv[1]), dict, how): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=False)
    found = read_claim(Place.at(tmp_path))
    assert found is not None
    assert found.state == AT_WORK
    hours = Hours()
    with held(Place.at(tmp_path), hours):
        pass
    assert hours.said == []


@pytest.mark.parametrize(
    ("expected", "state", "alive"),
    [
        (NOW - 59, AT_WORK, True),
        (NOW - 61, AT_WORK, False),
        (NOW + 59, AT_WORK, True),  # that machine's clock is ahead
        (NOW + 61, AT_WORK, False),
        (NOW, "done", False),
    ],
)
def test_a_run_elsewhere_goes_on_while_its_last_sign_is_near_by_either_clock(
    expected: float, state: str, alive: bool
) -> None:
    assert Claim(holder=ELSEWHERE, began=expected, told=expected, state=state).is_alive(NOW) == alive
