"""Strings from outside on a screen: shown, in one line, never obeyed, whatever prints them."""

from __future__ import annotations

import io

from rich.table import Table

from engine.core import Tally
from jobs.console.contact_sheets import FONT, label
from jobs.console.progress import ConsoleProgress, tell_funnel
from jobs.console.screen import VisibleConsole

HOSTILE = "a[red]b[/c]\x1b[2J\u202e:smile:\nd"
SHOWN = r"a[red]b[/c]\x1b[2J\u202e:smile:\nd"


def printed(*things: object, terminal: bool = False, **how: object) -> str:
    console = VisibleConsole(file=io.StringIO(), width=200, force_terminal=terminal)
    for thing in things:
        console.print(thing, **how)  # type: ignore[arg-type]
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line() -> None:
    assert printed(HOSTILE) == SHOWN + "\n"
    assert printed(HOSTILE, style="red", highlight=False, markup=True, emoji=True) == SHOWN + "\n"
    assert SHOWN in printed(HOSTILE, terminal=True, style="red")


def test_a_table() -> None:
    table = Table(HOSTILE, "b", title=HOSTILE)
    table.add_row("x", HOSTILE)
    out = printed(table)
    assert out.count(SHOWN) == 3
    assert "\x1b" not in out


def test_reasons_of_a_funnel() -> None:
    tally = Tally(step="probe", offered=1)
    tally.reasons[HOSTILE] = 1
    console = VisibleConsole(file=io.StringIO(), width=200)
    tell_funnel(console, [tally])
    assert isinstance(console.file, io.StringIO)
    assert SHOWN in console.file.getvalue()


def test_a_stuck_leg() -> None:
    console = VisibleConsole(file=io.StringIO(), width=200)
    ConsoleProgress(console, lambda: 0.0).stuck([f"tracks: worker on {HOSTILE}"])
    assert isinstance(console.file, io.StringIO)
    assert SHOWN in console.file.getvalue()


def test_a_sheet() -> None:
    """A lone surrogate cannot be drawn, and an end of line would draw over the next line."""
    assert FONT
    assert (label([f"{HOSTILE}\udcff"], 600) == label([rf"{SHOWN}\udcff"], 600)).all()
