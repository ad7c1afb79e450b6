"""Forks of a warm process are programs like others: words, environment, output, exit code, and an end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.processes import alive, running_on, wait_until
from tests.warm.programs import execute, execute_ranks, program

PROGRAM = """
import os, sys, torch
print(sys.argv[1:], os.environ["WORD"], os.environ.get("RANK"), __name__)
print("to errors", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(PROGRAM)
    return path


def test_a_program_is_what_it_is_elsewhere(script: Path) -> None:
    done = execute(script, 3, "two words", env={**os.environ, "WORD": "a\nb"})
    assert (done.returncode, done.stdout) == (3, "['3', 'two words'] a\nb None __main__\n")
    assert done.stderr == "to errors\n"


def test_what_it_breaks_on_is_its_end(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("import os\nprint(os.getpid(), flush=True)\nraise RuntimeError('no')")
    done = execute(script)
    assert done.returncode == 1
    assert done.stderr.endswith("RuntimeError: no\n")
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert execute(script).returncode == -signal.SIGKILL
    assert execute("-m", "tests.formats").returncode == 0


def test_ranks_know_their_numbers(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "w")
    ends = execute_ranks(2, script, 0)
    assert [done.stdout.split()[-2] for done in ends] == ["0", "1"]


def test_a_program_that_is_left_is_seen_and_none_outlives_its_block(tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text("import time\ntime.sleep(600)")
    with program(script) as waiting:
        assert any(str(waiting.asked.process) in words for words in running_on())
    wait_until(lambda: not alive(waiting.asked.process), "it is gone")
