"""Tables whole in a log, few columns on a narrow screen, records for programs; lines whole in a log too."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.table import Table

from engine.core import Tally
from engine.runners.status import LegProgress
from jobs.console import screen as screens
from jobs.console.progress import ConsoleProgress, dropped, tell_funnel
from jobs.console.tables import records, tell_table


def table() -> Table:
    made = Table("name", "count", "what it says of itself", title="Things")
    made.add_row("first", "1,234", "so much that no narrow screen has room for it, though a log has")
    made.add_row("second", "0.5", "3x", style="red")
    return made


def told(width: int, *, terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    tell_table(console, table(), ("name", "count"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_narrow_screen_has_few_columns_and_says_so() -> None:
    result = told(40, terminal=True)
    assert max(map(len, result.splitlines())) <= 40
    assert "1,234" in result
    assert "no narrow screen" not in result
    assert "1 more columns" in " ".join(result.split())


def test_an_answer_of_many_columns_has_the_first_that_fit() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    wide = Table(*(f"column{number}" for number in range(9)))
    wide.add_row(*"abcdefghi")
    tell_table(console, wide)
    assert isinstance(console.file, io.StringIO)
    result = console.file.getvalue()
    assert [f"column{number}" in result for number in range(4)] == [True, True, True, False]
    assert "6 more columns" in result


@pytest.mark.parametrize(("width", "terminal"), [(120, True), (4096, False)])
def test_where_there_is_room_all_is_there(width: int, terminal: bool) -> None:
    assert "so much that no narrow screen has room for it, though a log has" in told(width, terminal=terminal)


def test_records_have_numbers_where_cells_do() -> None:
    first, second = records(table())
    assert first["count"] == 1234
    assert second == {"name": "second", "count": 0.5, "what_it_says_of_itself": "3x"}


def test_a_command_is_as_wide_as_the_screen_and_a_log_has_no_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")  # which shells and CI export, whatever reads us
    screens.screen().print("x" * 300 + " " + "y" * 300)
    assert capsys.readouterr().out.count("\n") == 1
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert screens.screen().width == 80


def test_a_funnel_tells_reasons_below_it_and_what_each_step_takes_one_worker() -> None:
    quick = Tally(step="screen", offered=9, kept=5, gave=5, offered_s=90.0, busy_s=0.004)
    quick.reasons.update({"too_small": 3, "black": 1})
    slow = Tally(step="estimate", offered=5, kept=5, gave=5, offered_s=50.0, busy_s=100.0)
    assert list(dropped([quick, slow])) == ["screen dropped too_small 3, black 1"]
    console = Console(file=io.StringIO(), width=60, force_terminal=True, color_system=None)
    tell_funnel(console, [quick, slow])
    assert isinstance(console.file, io.StringIO)
    assert "screen dropped too_small 3, black 1\n" in console.file.getvalue()
    whole = Console(file=io.StringIO(), width=200)
    tell_funnel(whole, [quick, slow])
    assert isinstance(whole.file, io.StringIO)
    assert [line.split("│")[-2].strip() for line in whole.file.getvalue().splitlines() if "│" in line] == [
        "0:00",
        "1:40",
    ]


def test_the_end_of_a_leg_is_told_where_there_is_no_screen() -> None:
    console = Console(file=io.StringIO(), width=100)
    now = [0.0]
    lane = LegProgress(leg="sources", laps=2, done=1, running=1, ready=0, items=8, items_done=4)
    with ConsoleProgress(console, lambda: now[0]) as progress:
        progress.lanes([lane])
        now[0] = 60.0
        progress.sights([])
        now[0] = 65.0
        progress.lanes([replace(lane, done=2, running=0, items_done=8)])
        progress.lanes([replace(lane, done=2, running=0, items_done=8)])
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == [
        "sources: 2 laps, 1 done",
        "sources: 4 of 8",
        "sources: done, 8 items, 1:05",
    ]
