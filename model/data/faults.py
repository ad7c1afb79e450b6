"""What cannot be shown: a sample is left out with its reason, and never replaced by anything."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.visible import visible


class TooManyUnfit(ValueError):
    """More samples cannot be shown than the settings allow."""


@dataclass(frozen=True, kw_only=True)
class Unfit:
    """A sample that was left out of its batch."""

    key: str
    shard: str
    reason: str  # a fixed snake_case word, countable
    detail: str  # what was seen, for a person

    def __str__(self) -> str:
        """One line for a log."""
        return visible(f"{self.key} in {self.shard}: {self.reason}: {self.detail}")
