"""An audit that is killed and started again: the same measures and the same page, nothing left over."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from dataset.names import RUNNING
from tests.resume.command_job import changes_of, run_command


def files(folder: Path) -> dict[str, bytes]:
    """What measures and report are, by path, but for where they lie; markers tell of times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().replace(str(folder).encode(), b"")
        for part in ("set/measures", "report")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and "done" not in path.name and path.name != RUNNING
    }


def audit(folder: Path, kill_at: int = 0) -> subprocess.CompletedProcess[str]:
    """The audit of a folder's set, which may be killed at a change of the set's files."""
    words = ("audit", folder / "set", "--fail-on", "never", "--out", folder / "report")
    return run_command(folder / "set", *words, kill_at=kill_at)


@pytest.fixture(scope="module")
def whole(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A folder of a set whose audit nobody disturbs, and after how many changes it is done."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(data_set, folder / "set")
    return folder, changes_of(audit(folder))


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_and_started_again(
    data_set: Path, whole: tuple[Path, int], tmp_path: Path, seed: int
) -> None:
    folder, changes = whole
    draw = random.Random(seed)
    kills = sorted((draw.randrange(1, changes - 2) for _ in range(1 + seed % 2)), reverse=True)
    shutil.copytree(data_set, tmp_path / "set")
    for kill_at in kills:
        killed = audit(tmp_path, kill_at)
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    done = audit(tmp_path)
    assert done.returncode == 0, done.stderr
    assert files(tmp_path) == files(folder)
