"""A job killed at random moments and started again gives the bytes of an undisturbed one."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from jobs.check import pipeline_legs
from pipeline.audit import audit
from tests.resume.job import contents, landed, make_films, run_job


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short videos, one of them with nobody in it, and a copy."""
    return make_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def undisturbed(films: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    out = tmp_path_factory.mktemp("undisturbed") / "set"
    done = run_job(films, out)
    assert done.returncode == 0, done.stderr
    return out, int(done.stdout.split()[-1])


def test_the_undisturbed_job_keeps_every_promise(undisturbed: tuple[Path, int]) -> None:
    out, changes = undisturbed
    assert changes > 100
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    assert [name for name, verdict in report.items() if verdict.failed] == []
    assert len(contents(out)) == 2


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments(
    films: Path, undisturbed: tuple[Path, int], tmp_path: Path, seed: int
) -> None:
    whole, changes = undisturbed
    out = tmp_path / "set"
    draw = random.Random(seed)
    for _ in range(3):
        killed = run_job(films, out, kill_at=draw.randrange(1, changes // 2))
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    done = run_job(films, out)
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(whole)
    assert landed(out) == landed(whole)
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    assert [name for name, verdict in report.items() if verdict.failed] == []
    again = run_job(films, out)
    assert again.returncode == 0
    assert contents(out) == contents(whole)
