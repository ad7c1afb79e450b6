"""What any setting must be, told by its name and type, so that a wrong one is refused before any work."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

MAY_BE_NONE_AT_ALL = ("max_", "min_", "crf")
"""Whole numbers whose names begin so may be 0; all others count things that are needed."""
UP_TO_ONE = ("share", "score", "confidence", "probability")
"""How names of numbers end that are at most 1."""


def check(settings: Any, name: str = "settings") -> None:
    """Check a dataclass of settings and all within it.

    Numbers are finite and not negative, those called `..._share`, `..._score`, `..._confidence` or
    `..._probability` at most 1, and counts at least 1.

    Raises:
        ValueError: one is not; the message names it as the command line does.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        message = f"{name}.{field.name}"
        if is_dataclass(value):
            check(value, message)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        elif not math.isfinite(value) or value < 0:
            raise ValueError(f"{message} is {value}; it must be a number from 0 on")
        elif value > 1 and (kind := field.name.rpartition("_")[2]) in UP_TO_ONE:
            raise ValueError(f"{message} is {value}; a {kind} is from 0 to 1")
        elif isinstance(value, int) and value < 1 and not field.name.startswith(MAY_BE_NONE_AT_ALL):
            raise ValueError(f"{message} is {value}; it must be at least 1")
