"""What a step gives besides its results: the things it did not keep."""

from __future__ import annotations

from schemas.base import record


@record
class Reject:
    """One item that was not kept, and why."""

    key: str  # of the item that the step was given
    step: str
    reason: str  # a fixed snake_case word, countable
    detail: str  # what was seen, for a person
    uri: str  # of the source video
