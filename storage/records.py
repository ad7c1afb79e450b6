"""Records out of plain values that strangers wrote, such as JSON has."""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T")
Others = Literal["ignore", "forbid"]
"""What becomes of names that a record does not have: a later version may have written them."""
UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
MOST_FAULTS = 5
"""Faults of a record that are told."""


def read_as(cls: type[T], plain: object, what: str, *, others: Others = "ignore") -> T:
    """A record, nested ones too.

    Raises:
        ValueError: the values are not those of such a record; `what`, and which and why, in one line.
    """
    try:
        return TypeAdapter(cls).validate_python(plain, extra=others)
    except (ValidationError, ArithmeticError, RecursionError) as broken:
        raise ValueError(f"{what} ({faults_of(broken)})") from broken


def faults_of(broken: Exception) -> str:
    """What does not fit, in one line."""
    if not isinstance(broken, ValidationError):
        return f"{type(broken).__name__}: {broken}"
    faults = broken.errors(include_url=False, include_input=False)
    messages = [
        f"{'.'.join(map(str, fault['loc']))[:99]}: {message_of(fault)}" for fault in faults[:MOST_FAULTS]
    ]
    more = [f"and {len(faults) - MOST_FAULTS} more"] * (len(faults) > MOST_FAULTS)
    return "; ".join([*messages, *more])


def message_of(fault: ErrorDetails) -> str:
    """Why a value does not fit."""
    return "no such name" if fault["type"] in UNKNOWN else fault["msg"][:199]
