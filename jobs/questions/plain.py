"""Values of an answer as JSON has them, and as a person reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

LONGEST = 500
"""Letters of a cell that a person is shown."""


def plain(value: Any) -> Any:
    """A value of DuckDB's as JSON has it: no number is null, bytes are hex digits, all else is text."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(plain(name)): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return str(value)


def refuse_repeats(columns: Sequence[str]) -> None:
    """Raise ValueError where two columns have one name: a record would hold the last of them alone."""
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise ValueError(f"two columns are named {twice[0]}: name one of them anew, with `as`")


def shown(value: object) -> str:
    """A value as people read it."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "" if value is None else value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} letters)"
