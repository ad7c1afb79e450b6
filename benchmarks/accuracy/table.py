"""Rows of the accuracy table, and the table as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number measured against labels."""

    part: str
    """Head, face, body, hands, identity, shots."""
    data: str
    """Folder of the ground truth, and what was taken of it."""
    measure: str
    """What the number is, over what it is averaged."""
    value: float
    unit: str = ""
    goal: float | None = None
    """None where the number only informs."""
    higher: bool = False
    """Whether the goal is a least value, not a greatest."""
    found: int
    of: int
    """Items measured, of items labelled: what was missed counts against the goal."""
    note: str = ""
    """What was left out, or why the goal is not reached."""

    @property
    def reached(self) -> bool | None:
        """Whether the value meets the goal with nothing missed; None without a goal."""
        if self.goal is None:
            return None
        good = self.value >= self.goal if self.higher else self.value <= self.goal
        return good and self.found == self.of


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    head = ("part", "data", "measure", "value", "goal", "found", "reached", "note")
    lines = [head, ("---",) * len(head), *(cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def cells(row: Row) -> tuple[str, ...]:
    """The row's cells as text."""
    goal = "" if row.goal is None else f"{'>=' if row.higher else '<='} {row.goal:g}{row.unit}"
    reached = {None: "", True: "yes", False: "no"}[row.reached]
    value = "none" if math.isnan(row.value) else f"{row.value:.3g}{row.unit}"
    return row.part, row.data, row.measure, value, goal, f"{row.found}/{row.of}", reached, row.note
