"""Pairs that are killed while they are made: the same command makes the same bytes of it and nothing else."""

from __future__ import annotations

import random
import signal
import subprocess
from pathlib import Path

import pytest

from storage.place import Where
from tests.resume.command_job import changes_of, contents, run_command
from tests.stores import Store


def pairs(data: Path, out: Where, kill_at: int = 0, *how: str) -> subprocess.CompletedProcess[str]:
    """A table of pairs and its files, which may be killed at a change of one of them."""
    words = ("--kind", "cross_identity", "--frames", "25", "--per-person", "1")
    places = ("--out", f"{out}/pairs.parquet", "--manifests", f"{out}/files")
    return run_command(out, "pairs", data, *words, *places, *how, kill_at=kill_at)


@pytest.fixture(scope="module")
def whole(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """What nobody disturbs, and after how many changes it is done."""
    out = tmp_path_factory.mktemp("whole")
    return out, changes_of(pairs(data_set, out))


@pytest.mark.parametrize("seed", range(2))
def test_the_same_command_ends_what_was_begun(
    data_set: Path, whole: tuple[Path, int], tmp_path: Path, seed: int
) -> None:
    undisturbed, changes = whole
    for kill_at in sorted(random.Random(seed).sample(range(1, changes), 2)):
        killed = pairs(data_set, tmp_path, kill_at)
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    changes_of(pairs(data_set, tmp_path))
    assert contents(tmp_path) == contents(undisturbed)


def test_so_it_does_in_a_store(data_set: Path, whole: tuple[Path, int], cloud: Store) -> None:
    changes = changes_of(pairs(data_set, "s3://bucket/counted"))
    killed = pairs(data_set, "s3://bucket/pairs", random.Random(0).randrange(1, changes))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    changes_of(pairs(data_set, "s3://bucket/pairs"))
    assert contents("s3://bucket/pairs") == contents("s3://bucket/counted") == contents(whole[0])
