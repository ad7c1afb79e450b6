"""One question at a time, answered row by row, and ended by Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from jobs.questions.asking import answer_to

ENDLESS = "select count(*) from range(1000000000000) a where a.range % 7 = 3"
TOLD = """
import sys
from jobs import cli
from jobs.questions import asking
settle = asking.settle
def told(*given):
    print("at work", flush=True)
    settle(*given)
asking.settle = told
sys.exit(cli.main(sys.argv[1:]))
"""
"""A command that says when its thread begins."""
SORTED = "select * from range(400000000) order by hash(range) desc"


def test_rows_come_as_they_are_asked_for() -> None:
    answer = answer_to("select range as n, -range as m from range(3000)", duckdb.connect())
    assert answer.columns == ("n", "m")
    assert next(answer.rows) == (0, 0)
    assert sum(1 for _ in answer.rows) == 2999


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("select 1; select 2", "2 questions"),
        ("", "it is no question"),
        ("-- nothing", "it is no question"),
        ("create table a as select 1", "it is no question"),
        ("select nothing", "nothing"),
        ("select 'infinity'::hugeint", "infinity"),
        ("select error('told while rows are read') from range(2)", "told while rows are read"),
    ],
)
def test_what_is_no_question_is_a_sentence(question: str, words: str) -> None:
    with pytest.raises(ValueError, match="no answer: ") as told:
        list(answer_to(question, duckdb.connect()).rows)
    assert words in str(told.value)


@pytest.mark.parametrize(("ends", "question"), [(signal.SIGINT, ENDLESS), (signal.SIGTERM, SORTED)])
def test_a_signal_ends_the_question_and_the_process(
    ends: signal.Signals, question: str, undisturbed: Path
) -> None:
    command = [sys.executable, "-c", TOLD, "query", str(undisturbed), question]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["at work\n"] * 2  # it is read, and asked
        began = time.monotonic()
        process.send_signal(ends)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped; nothing was changed" in error
    assert "Traceback" not in error
    assert time.monotonic() - began < 30
