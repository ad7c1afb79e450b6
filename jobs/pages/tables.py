"""Tables of pages: sorted by a click on a heading, or by Enter or Space on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a table."""

    text: str
    order: float | str | None = None
    """What it is sorted by; its text where None."""
    note: str = ""
    """Small print below the text."""
    tooltip: str = ""
    """Told where a pointer rests on it."""
    kind: str = ""
    """A class of the style: best, faint, bad."""


Row = Sequence[str | Cell]
"""Cells beside each other."""


def row(*cells: str | Cell) -> Row:
    """Cells beside each other."""
    return cells


def table(headings: Row, rows: Iterable[Row], caption: str = "") -> str:
    """A table; the first cell of a row is its heading."""
    head = "".join(map(heading, map(as_cell, headings)))
    names = [as_cell(cell).text for cell in headings]
    body = "".join(f"<tr>{''.join(row_cells(names, cells))}</tr>\n" for cells in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>'
    )


def heading(cell: Cell) -> str:
    """A cell of the first row."""
    kind = f' class="{cell.kind}"' if cell.kind else ""
    return f'<th{kind} scope="col" tabindex="0">{inner(cell)}</th>'


def row_cells(names: Sequence[str], cells: Row) -> Iterable[str]:
    """The cells of a row; all but the first name their column, which a narrow window shows beside them."""
    for number, (name, cell) in enumerate(zip(names, map(as_cell, cells), strict=True)):
        tag = f'td data-head="{escape(name)}"' if number else 'th scope="row"'
        order = cell.text if cell.order is None else cell.order
        title = f' title="{escape(cell.tooltip)}"' if cell.tooltip else ""
        kind = f' class="{cell.kind}"' if cell.kind else ""
        yield f'<{tag}{kind}{title} data-order="{escape(str(order))}">{inner(cell)}</{tag[:2]}>'


def inner(cell: Cell) -> str:
    """What a cell shows."""
    return escape(cell.text) + (f"<small>{escape(cell.note)}</small>" if cell.note else "")


def as_cell(cell: str | Cell) -> Cell:
    """A cell of a text."""
    return Cell(text=cell) if isinstance(cell, str) else cell
