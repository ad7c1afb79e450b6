"""A job killed at random moments and started again gives the bytes of an undisturbed one."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from engine.audit import audit
from jobs.commands.check import pipeline_legs
from tests.resume.job import contents, landed, run_job


@pytest.fixture
def changes(undisturbed: Path) -> int:
    """Changes of files that the undisturbed job makes."""
    return int((undisturbed.parent / "changes").read_text())


def test_the_undisturbed_job_keeps_every_promise(undisturbed: Path, changes: int) -> None:
    assert changes > 100
    report = audit(undisturbed, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    assert [name for name, verdict in report.items() if verdict.failed] == []
    assert len(contents(undisturbed)) == 2


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments(
    films: Path, undisturbed: Path, changes: int, tmp_path: Path, seed: int
) -> None:
    out = tmp_path / "set"
    draw = random.Random(seed)
    for _ in range(3):
        killed = run_job(films, out, kill_at=draw.randrange(1, changes // 2))
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    done = run_job(films, out)
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(undisturbed)
    assert landed(out) == landed(undisturbed)
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    assert [name for name, verdict in report.items() if verdict.failed] == []
    again = run_job(films, out)
    assert again.returncode == 0
    assert contents(out) == contents(undisturbed)


def test_its_process_killed_at_random_moments(
    films: Path, undisturbed: Path, changes: int, tmp_path: Path
) -> None:
    """The job itself goes on."""
    draw = random.Random(3)
    for attempt in range(2):
        out = tmp_path / f"set{attempt}"
        done = run_job(films, out, kill_at=draw.randrange(30, changes - 10), whom="worker")
        if done.returncode == -signal.SIGKILL:  # that change was one of the job's own
            done = run_job(films, out)
        assert done.returncode == 0, done.stderr
        assert contents(out) == contents(undisturbed)
        assert landed(out) == landed(undisturbed)
