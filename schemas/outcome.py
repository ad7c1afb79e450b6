"""What a step gives besides its results: the things it did not keep."""

from __future__ import annotations

from schemas.base import record
from schemas.reasons import Reason, reason_of


@record
class Reject:
    """One item that was not kept, and why."""

    key: str  # of the item that the step was given
    step: str
    reason: str  # one of schemas.reasons
    detail: str  # what was seen, for a person
    uri: str  # of the source video


class Rejected(Exception):
    """Unfit data: the item becomes a row of the rejects, under a fixed reason."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason_of(reason)
        self.detail = detail


class DamagedError(ValueError):
    """Stored bytes are not what they should be; the message says what was found."""


class UnfitError(Exception):
    """A stored sample breaks a promise of formats.md. Carries a fixed reason and what was seen."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason_of(reason)
        self.detail = detail
