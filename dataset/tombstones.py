"""Who has left a data set: digests with a salt, from which nobody is told who does not ask for somebody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from dataset.names import SOURCE_DIGITS, WITHDRAWN
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """A source that has left for ever."""

    source: str
    """Of the sha256 of its content, with the salt."""
    key: str
    """Of the digits of it that keys begin with, with the salt."""
    date: str
    why: str


@dataclass(frozen=True)
class Tombstones:
    """Those of a data set."""

    salt: str = ""
    stones: tuple[Tombstone, ...] = ()
    subjects: tuple[str, ...] = ()
    """Of the names of people who have left, with the salt."""

    @cached_property
    def sources(self) -> frozenset[str]:
        """Salted digests of contents."""
        return frozenset(stone.source for stone in self.stones)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Salted digests of what keys begin with."""
        return frozenset(stone.key for stone in self.stones)

    @property
    def seal(self) -> str:
        """What tells these from another data set's; empty where nobody has left."""
        return salted(self.salt, "seal") if self.stones else ""

    def hold(self, sha256: str) -> bool:
        """Whether the source of this content has left."""
        return bool(self.stones) and salted(self.salt, sha256) in self.sources

    def hold_key(self, key: str) -> bool:
        """Whether an item's source has left, by what its key begins with."""
        return bool(self.stones) and salted(self.salt, key[:SOURCE_DIGITS]) in self.keys

    def hold_subject(self, subject: str) -> bool:
        """Whether a person of this name has left."""
        return bool(self.subjects) and salted(self.salt, subject) in self.subjects

    def with_subjects(self, subjects: Iterable[str]) -> Tombstones:
        """These and new ones, of people who have none yet."""
        new = [salted(self.salt, subject) for subject in sorted(subjects) if not self.hold_subject(subject)]
        return replace(self, subjects=(*self.subjects, *new))

    def with_sources(self, sha256s: Iterable[str], date: str, why: str) -> Tombstones:
        """These and new ones, of sources that have none yet."""
        new = [
            Tombstone(
                source=salted(self.salt, sha256),
                key=salted(self.salt, sha256[:SOURCE_DIGITS]),
                date=date,
                why=why,
            )
            for sha256 in sorted(sha256s)
            if not self.hold(sha256)
        ]
        return replace(self, stones=(*self.stones, *new))


NOBODY = Tombstones()
"""Of a data set that nobody has left."""


def salted(salt: str, text: str) -> str:
    """Digest of a text with a salt."""
    return hashlib.sha256(f"{salt} {text}".encode()).hexdigest()


def tombstones_of(out: Place) -> Tombstones:
    """Those of a data set; none where nobody has left.

    Raises:
        ValueError: the file is not ours.
        OSError: it cannot be read.
    """
    if out.size(WITHDRAWN) is None:
        return NOBODY
    what = f"{out.uri_of(WITHDRAWN)}: no tombstones of a data set"
    return read_as(Tombstones, json_at(out, WITHDRAWN), what)


def write_tombstones(out: Place, stones: Tombstones) -> None:
    """Put them in their place."""
    out.write(WITHDRAWN, (json.dumps(asdict(stones), indent=1) + "\n").encode())
