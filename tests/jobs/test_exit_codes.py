"""One table of exit codes: as the documents say it, as the code has it, and as a command ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from engine.core import CannotRun
from jobs import cli
from jobs.exit_codes import ExitCode
from jobs.menu import GOES_ON
from tests.processes import program

ROOT = Path(__file__).resolve().parents[2]
WAITS = """
import sys, time
from jobs import cli
def command(args, console):
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("put away", flush=True)
cli.command = command
sys.exit(cli.main(["preview"]))
"""


def test_the_documents_have_the_codes_of_the_program() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", (ROOT / "docs" / "exit_codes.md").read_text(), re.MULTILINE)
    assert rows == [(str(code.value), code.name) for code in ExitCode]


def noted(error: Exception) -> Exception:
    error.add_note("in step 'probe' on item 'a'")
    return error


@pytest.mark.parametrize(
    ("end", "code", "text"),
    [
        (ExitCode.WHOLE, 0, ""),
        (ExitCode.BELOW_THRESHOLD, 1, ""),
        (ExitCode.FAILED_ITEMS, 3, ""),
        (CannotRun("no cluster"), 2, "understudy: no cluster\n"),
        (OSError("disk full"), 2, "understudy: disk full\n"),
        (PermissionError(13, "Permission denied", "/a"), 2, "understudy: /a: Permission denied\n"),
        (noted(OSError("disk full")), 2, "understudy: disk full; in step 'probe' on item 'a'\n"),
        (ValueError("no such recipe"), 2, "understudy: no such recipe\n"),
        (KeyboardInterrupt(), 130, f"understudy: stopped; {GOES_ON}\n"),
        (KeyboardInterrupt("all is saved"), 130, "understudy: stopped; all is saved\n"),
    ],
)
def test_how_a_command_ends(
    end: ExitCode | BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def run(_: list[str], __: Console) -> ExitCode:
        if isinstance(end, BaseException):
            raise end
        return end

    monkeypatch.setattr(cli, "command", run)
    assert cli.main(["curate"]) == code
    assert capsys.readouterr().err == text


@pytest.mark.parametrize("bug", [KeyError("lost"), noted(ValueError("odd")), MemoryError()])
def test_a_bug_is_no_poor_result(bug: Exception, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def run(_: list[str], __: Console) -> ExitCode:
        raise bug

    monkeypatch.setattr(cli, "command", run)
    assert cli.main([]) == ExitCode.CANNOT_RUN
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_command_puts_away_what_it_has_begun(by: signal.Signals) -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with program(sys.executable, "-c", WAITS, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        os.kill(process.pid, by)
        out, errors = process.communicate(timeout=60)
    assert (out, process.returncode) == ("put away\n", ExitCode.STOPPED)
    assert errors == "understudy: stopped; what is written stays, and the same command begins anew\n"
