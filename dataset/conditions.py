"""Conditions on the columns of an index, as a person writes them: `face_ratio<0.5`, `licence=CC0`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.index import IndexRow
from storage.json_files import read_json

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
FORM = re.compile(rf"\s*(\w+|extra\.[^<>=!]+?)\s*({'|'.join(COMPARISONS)})\s*(.*?)\s*")
KINDS = {field.name: str(field.type) for field in fields(IndexRow)}
"""Types of the columns, as they are written."""
WORDS = {"bool": {"true": True, "yes": True, "false": False, "no": False}}


@dataclass(frozen=True)
class Condition:
    """A column, a comparison, and what is compared with."""

    column: str
    comparison: str
    value: str | float | bool

    def holds(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """For which of the column's values it holds."""
        return np.asarray(COMPARISONS[self.comparison](values, self.value), np.bool_)


def condition_of(text: str) -> Condition:
    """The condition that a text says.

    Raises:
        ValueError: it says none, or of no column; names the nearest.
    """
    found = FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no condition: write one as face_ratio<0.5 or licence=CC0")
    column, comparison, value = found.groups()
    refuse_unknown(column)
    kind = KINDS.get(column, "str")
    if kind in {"int", "float"}:
        return Condition(column, comparison, number(value, text))
    if comparison not in {"=", "!="}:
        raise ValueError(f"{text!r}: {column} is no number: compare it by = or !=")
    if kind == "bool":
        if value.lower() not in WORDS["bool"]:
            raise ValueError(f"{text!r}: {column} is yes or no")
        return Condition(column, comparison, WORDS["bool"][value.lower()])
    return Condition(column, comparison, value)


def refuse_unknown(column: str) -> None:
    """Raise ValueError where an index has no such column; names the nearest."""
    if column not in KINDS and not column.startswith("extra."):
        near = get_close_matches(column, KINDS, n=1)
        meant = f"did you mean {near[0]}?" if near else "docs/formats.md lists them"
        raise ValueError(f"an index has no column {column!r}; {meant}")


def number(value: str, text: str) -> float:
    """A number that a condition compares with."""
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{text!r}: {value!r} is no number") from None


def extra_of(text: str) -> dict[str, str]:
    """The other columns of a manifest in a row's `extra`, none where it is not ours.

    It may be a stranger's: what is no object of texts says nothing.
    """
    try:
        found = read_json(text.encode())
    except ValueError:
        return {}
    return (
        {name: value for name, value in found.items() if isinstance(value, str)}
        if isinstance(found, dict)
        else {}
    )
