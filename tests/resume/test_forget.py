"""Killed while somebody leaves: the same command ends it, without a trace, and nobody else changes."""

from __future__ import annotations

import random
import shutil
import signal
from pathlib import Path

import pytest

from dataset.names import FORGETTING
from jobs.cli import main
from storage.place import Place
from tests.jobs.commands.test_forget import broken, digest_of, traces
from tests.resume.forget_job import run_forget
from tests.resume.job import contents
from tests.stores import Store

SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def gone(films: Path) -> str:
    """Who leaves."""
    return digest_of(films / "videos" / "1.mp4")


@pytest.fixture(scope="module")
def left(
    films: Path, undisturbed: Path, gone: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """What is left without a kill, and after how many changes of files."""
    out = Path(shutil.copytree(undisturbed, tmp_path_factory.mktemp("left") / "set"))
    done = run_forget(out, films / "truths", gone)
    assert done.returncode == 0, done.stderr
    return out, int(done.stdout)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_command_ends_what_was_begun(
    films: Path, undisturbed: Path, left: tuple[Path, int], gone: str, tmp_path: Path, seed: int
) -> None:
    whole, changes = left
    out = Path(shutil.copytree(undisturbed, tmp_path / "set"))
    kill_at = random.Random(seed).randrange(20, changes)
    killed = run_forget(out, films / "truths", gone, kill_at)
    assert killed.returncode == -signal.SIGKILL, (changes, killed.stderr)
    if (out / FORGETTING).exists():
        assert main(["curate", "--videos", str(films / "videos"), "--out", str(out)]) == 2
    done = run_forget(out, films / "truths", gone)
    assert done.returncode == 0 or "knows nothing of" in done.stderr, done.stderr
    assert contents(out) == contents(whole)
    assert list(traces(out, gone)) == []
    assert broken(out) == {}


def test_so_it_does_in_a_store(
    films: Path, undisturbed: Path, left: tuple[Path, int], gone: str, tmp_path: Path, cloud: Store
) -> None:
    on_disk, in_store = Place.at(tmp_path), Place.at("s3://bucket/left")
    for entry in Place.at(undisturbed).files():
        in_store.put(entry.name, undisturbed / entry.name)
    killed = run_forget(in_store, films / "truths", gone, random.Random(0).randrange(20, 100))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert in_store.size(FORGETTING) is not None
    done = run_forget(in_store, films / "truths", gone)
    assert done.returncode == 0, done.stderr
    for entry in in_store.files():
        on_disk.write(entry.name, in_store.read(entry.name))
    assert contents(tmp_path) == contents(left[0])
    assert list(traces(tmp_path, gone)) == []
    assert broken(tmp_path) == {}
