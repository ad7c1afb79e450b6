"""A job killed at random moments and started again gives the bytes of an undisturbed one."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.check import pipeline_legs
from pipeline.audit import audit
from pipeline.landing import Ledger
from tests.paint import film
from tests.synth import Scene

ROOT = Path(__file__).resolve().parents[2]


def job(corpus: Path, out: Path, kill_at: int | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.resume.job"]
    command += [str(path) for path in (corpus / "videos", out, corpus / "truths")]
    command += [str(kill_at)] if kill_at else []
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def contents(out: Path) -> dict[str, str]:
    """Digests of what outside readers see, by path."""
    kept = [*out.glob("shards/*/*"), out / "index.parquet"]
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def landed(out: Path) -> dict[tuple[str, str], str]:
    """Digests of what every lap gave."""
    ledger = Ledger(out)
    names = [(leg.name, lap) for leg in pipeline_legs() for lap in ledger.names(leg.name)]
    return {(leg, lap): said.content for leg, lap in names if (said := ledger.landed(leg, lap))}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short videos, one of them with nobody in it, and a copy."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "videos").mkdir()
    for number, turn in ((1, (-30.0, 30.0)), (2, (0.0, 170.0))):
        scene = Scene(number=number, num_frames=26, width=160, height=240, look=number, turn_deg=turn)
        film(scene, folder / "videos" / f"{number}.mp4", folder / "truths")
    film(
        Scene(number=3, num_frames=26, width=160, height=240, absent=range(26)),
        folder / "videos" / "3.mp4",
        folder / "truths",
    )
    (folder / "videos" / "copy.mp4").write_bytes((folder / "videos" / "1.mp4").read_bytes())
    return folder


@pytest.fixture(scope="module")
def undisturbed(films: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    out = tmp_path_factory.mktemp("undisturbed") / "set"
    done = job(films, out)
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
        killed = job(films, out, kill_at=draw.randrange(1, changes // 2))
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    done = job(films, out)
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(whole)
    assert landed(out) == landed(whole)
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    assert [name for name, verdict in report.items() if verdict.failed] == []
    again = job(films, out)
    assert again.returncode == 0
    assert contents(out) == contents(whole)
