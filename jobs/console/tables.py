"""Tables for people and programs: whole where there is room, few columns on a narrow screen, records."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table

ENDLESS = 2**16
NUMBER = re.compile(r"-?[\d,]*\.?\d+")

GB = 2**30


WORDS = {"part", "phase", "learn in"}
"""Headings of columns that hold no numbers."""


def titled(title: str, *heads: str) -> Table:
    """An empty table; numbers stand to the right."""
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, justify="left" if head in WORDS else "right")
    return table


def tell_table(console: Console, table: Table, few: Collection[str] = ()) -> None:
    """Print a table, no cell of it cut; on a screen that it does not fit, its columns `few` or the first."""
    whole = with_columns(table, table.columns)
    if console.is_terminal and wanted(console, whole) > console.width:
        kept = [column for column in table.columns if column.header in few] or fitting(console, table)
        whole = with_columns(table, kept)
        if more := len(table.columns) - len(kept):
            whole.caption = f"{more} more columns in a pipe, in a file, with --json"
    console.print(whole)


def fitting(console: Console, table: Table) -> Sequence[Column]:
    """As many of the first columns as the screen has room for, at least one."""
    wide = (n for n in range(2, len(table.columns) + 1) if too_wide(console, table, n))
    return table.columns[: next(wide, len(table.columns) + 1) - 1]


def too_wide(console: Console, table: Table, number: int) -> bool:
    """Whether so many of the first columns do not fit."""
    return wanted(console, with_columns(table, table.columns[:number])) > console.width


def wanted(console: Console, table: Table) -> int:
    """Columns of text that a table would take."""
    return console.measure(table, options=console.options.update(width=ENDLESS, max_width=ENDLESS)).maximum


def with_columns(table: Table, columns: Sequence[Column]) -> Table:
    """A table of some columns of another, each as wide as its cells."""
    chosen = Table(title=table.title, title_justify="left", caption_justify="left")
    for column in columns:
        chosen.add_column(column.header, justify=column.justify, no_wrap=True, overflow="fold")
    cells = zip(*(column.cells for column in columns), strict=True)
    for row, texts in zip(table.rows, cells, strict=True):
        chosen.add_row(*texts, style=row.style)
    return chosen


def records(table: Table) -> list[dict[str, Any]]:
    """The rows of a table by its headings; what reads as a number is one."""
    names = [str(column.header).replace(" ", "_") for column in table.columns]
    rows = zip(*(column.cells for column in table.columns), strict=True)
    return [dict(zip(names, map(value, row), strict=True)) for row in rows]


def value(cell: Any) -> Any:
    """A cell as a number, where it is one."""
    text = str(cell)
    if not NUMBER.fullmatch(text):
        return text
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def gib(count: int) -> str:
    """Bytes for a person."""
    return f"{count / GB:,.2f}" if count < 10 * GB else f"{count / GB:,.0f}"
