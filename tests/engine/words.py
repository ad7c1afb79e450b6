"""Items of steps that do nothing."""

from __future__ import annotations

from schemas.base import record


@record
class Word:
    key: str
    uri: str = "file"


@record
class Bag:
    key: str
    members: tuple[Word, ...]
    uri: str = "file"
