"""The benchmark of faults, small: what strangers send ends in a name, and what went wrong is told as such."""

from __future__ import annotations

import resource
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults import curations, reading, recoveries, weights
from benchmarks.faults.canaries import Canaries
from benchmarks.faults.clips import clips_in, make_clips
from benchmarks.faults.kills import Recovery, Scenario, driver, recover
from benchmarks.faults.outcomes import Outcome, append, outcomes_in, row_of
from benchmarks.faults.videos import write_video
from benchmarks.processes import lingering, run
from tests.once import once
from tests.warm.programs import asking

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips that are mutated."""
    return once(tmp_path_factory, "faults", lambda folder: make_clips(folder, None))


@pytest.fixture
def canaries(tmp_path: Path) -> Iterator[Canaries]:
    watching = Canaries(tmp_path / "canaries")
    yield watching
    watching.close()


@pytest.fixture
def bench(bases: Path, tmp_path: Path, canaries: Canaries) -> curations.Bench:
    for name in ("clips", "truths"):
        (tmp_path / name).symlink_to(bases / name)
    return curations.bench_in(tmp_path, canaries)


def test_mutated_headers_stop_no_job_and_take_no_memory(bench: curations.Bench) -> None:
    outcomes = examined("headers", 12, bench)
    own_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # with which a child's figure begins
    assert max(outcome.peak_mib for outcome in outcomes) < max(2048, own_mib + 1)


@pytest.mark.parametrize("kind", ["streams", "containers", "names"])
def test_mutated_videos_stop_no_job(
    bench: curations.Bench, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(curations, "PYTHON", asking())
    examined(kind, 4, bench)


def examined(kind: str, number: int, bench: curations.Bench) -> list[Outcome]:
    """What became of so many videos; of each something good did."""
    outcomes = list(curations.examine(kind, range(number), bench))
    assert [outcome.seed for outcome in outcomes] == list(range(number))
    assert [outcome for outcome in outcomes if outcome.is_bad] == []
    assert {"read", "rejected"} == {outcome.end for outcome in outcomes}
    return outcomes


@pytest.fixture
def ready(tmp_path: Path, undisturbed: Path, short_run: Path, data_set: Path) -> None:
    """What `prepare` of these families makes, made of what lies ready for all tests."""
    made = {"members/set": data_set, "sets/set": undisturbed, "weights/run": short_run}
    for name, there in made.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).symlink_to(there)
    weights.write_forms(tmp_path / "weights")


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(("family", "number"), [("members", 10), ("sets", 5), ("weights", 8), ("stills", 10)])
def test_mutated_files_end_in_a_name(
    tmp_path: Path, canaries: Canaries, monkeypatch: pytest.MonkeyPatch, family: str, number: int
) -> None:
    monkeypatch.setattr(reading, "PYTHON", asking())
    outcomes = list(reading.examine(family, range(number), tmp_path, canaries))
    assert [outcome.seed for outcome in outcomes] == list(range(number))
    assert [outcome for outcome in outcomes if outcome.is_bad] == []
    assert "rejected" in {outcome.end for outcome in outcomes} <= {"read", "rejected"}


def test_the_same_seed_makes_the_same_video(bases: Path, tmp_path: Path) -> None:
    clips = clips_in(bases)
    for seed in range(20):
        made = []
        for name in ("a", "b"):
            (tmp_path / f"{seed}{name}").mkdir()
            what = write_video("headers", seed, clips, tmp_path / f"{seed}{name}", tmp_path / "x", "y")
            made.append((what, [path.read_bytes() for path in (tmp_path / f"{seed}{name}").iterdir()]))
        assert made[0] == made[1]


# That what goes wrong is seen


def test_a_secret_that_is_read_and_a_port_that_is_asked_show_whose_they_were(canaries: Canaries) -> None:
    secret = canaries.secret(7, b"x")
    canaries.touched()
    assert canaries.touched() == {}
    secret.read_bytes()
    canaries.trap(8).touch()
    server, _, path = canaries.address(9).partition("/")
    with socket.create_connection(("127.0.0.1", int(server.partition(":")[2]))) as asking:
        asking.sendall(f"GET /{path}".encode())
        asking.recv(1)
    assert canaries.touched() == {7: secret.name, 8: "trap-000008", 9: f"GET /{path}"}
    assert canaries.touched() == {}


def test_a_process_is_measured_and_ended_with_what_it_started() -> None:
    measured = (
        "import sys; from benchmarks.processes import run\n"
        "said = run([sys.executable, '-c', 'x = bytearray(300 * 2**20); print(1)'], limit_s=60)\n"
        "print(said.code, repr(said.text), said.timed_out, 300 < said.peak_mib < 400)\n"
    )
    small = run([sys.executable, "-c", measured], limit_s=60)  # a process starts with its starter's memory
    assert small.text == "0 '1\\n' False True\n"
    late = run(["sh", "-c", "sleep 600 & sleep 600"], limit_s=0.5, mark="late")
    assert (late.code, late.timed_out) == (-9, True)
    assert lingering("late") == []


def test_what_kills_the_reading_process_is_told_and_the_rest_is_read(
    tmp_path: Path, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LIMIT_S", 2.0)
    found = list(reading.examine("tests.benchmarks.odd_items", range(5), tmp_path, canaries))
    assert [(one.end, one.reason) for one in found] == [
        ("read", ""),
        ("stopped", "code -6"),
        ("stopped", "took too long"),
        ("unnamed", "KeyError: 'x'"),
        ("read", ""),
    ]
    assert found[4].touched == "trap-000004"


def test_outcomes_are_kept_the_last_of_each_item(tmp_path: Path) -> None:
    first = Outcome(family="a", seed=1, what="x", end="stopped", reason="code 1")
    last = Outcome(family="a", seed=1, what="x", end="rejected", reason="bad", seconds=2.0, peak_mib=9.0)
    append(tmp_path / "file", [first])
    append(tmp_path / "file", [last])
    assert outcomes_in(tmp_path / "file") == [last]
    assert row_of("t", [first, last]) == ("t", "2", "0", "1: bad 1", "0", "1", "0", "9", "2.0")


WRITER = """
import json, os, sys, time
from pathlib import Path
from typing import Any
out = Path(sys.argv[1])
for step in range(6):
    time.sleep(0.1)
    if not (out / str(step)).exists():
        (out / str(step)).write_text(str(step if KEEPS else os.getpid()))
"""


@pytest.mark.parametrize("keeps", [True, False])
def test_a_job_that_differs_after_kills_is_seen(tmp_path: Path, keeps: bool) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "program.py").write_text(WRITER.replace("KEEPS", str(keeps)))
    scenario = Scenario(
        name="a",
        command=lambda _: [sys.executable, str(tmp_path / "program.py"), str(tmp_path / "a")],
        env={},
        victims=driver,
        seen=lambda _: {path.name: path.read_text() for path in (tmp_path / "a").iterdir()},
        undisturbed_s=0.6,
        expected={str(step): str(step) for step in range(6)},
    )
    recovery = recover(scenario, 0)
    assert recovery.kills > 0
    assert (recovery.different == ()) is keeps
    assert recovery.left_over == ()


def test_the_jobs_that_are_named_are_disturbed_and_else_those_that_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    def recover(scenario: Scenario, seed: int) -> Recovery:
        seen.append((scenario.name, seed))
        how: dict[str, Any] = {"files": 1, "different": (), "left_over": (), "seconds": 1.0}
        return Recovery(scenario=scenario.name, seed=seed, kills=1, **how)

    monkeypatch.setattr(recoveries, "recover", recover)
    monkeypatch.setattr(recoveries, "measured", lambda scenario: scenario)
    jobs = {
        name: (2, Scenario(name=name, command=lambda _: [], env={}, victims=driver, seen=lambda _: {}))
        for name in ("a", "b")
    }
    recoveries.disturb(recoveries.chosen(jobs, ["b"]), tmp_path / "file", 1.0, [1, 7])
    recoveries.disturb(recoveries.chosen(jobs, []), tmp_path / "file", 1.0, [])
    assert seen == [("b", 1), ("b", 7), ("a", 0), ("a", 1), ("b", 0)]
