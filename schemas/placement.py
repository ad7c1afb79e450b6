"""Settings that say where and how fast work is done, and nothing of what comes out."""

from __future__ import annotations

from dataclasses import Field, field
from typing import Any, TypeVar

T = TypeVar("T")


def placement(default: T) -> T:
    """The field of such a setting, with its default.

    A record's `repr`, by which a leg knows its settings, leaves it out: work that was done elsewhere is done.
    """
    setting: T = field(default=default, repr=False)
    return setting


def is_placement(setting: Field[Any]) -> bool:
    """Whether a field is such a setting."""
    return not setting.repr
