"""Two data sets of one corpus, side by side: what is the same, and how far numbers lie apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dataset.arrays import unpack
from dataset.index import read_index
from dataset.tar import read_members, samples_in
from engine.ledger import Ledger
from jobs.commands.check import pipeline_legs

Members = dict[str, bytes]


@dataclass
class Apart:
    """One kind of member, or one number, over all samples of two data sets."""

    looked_at: int = 0
    equal: int = 0
    most: float = 0.0  # largest difference of two numbers

    def add(self, one: Any, other: Any) -> None:
        """Compare the same thing in both: bytes, or numbers of one shape."""
        self.looked_at += 1
        self.equal += same(one, other)
        if isinstance(one, np.ndarray) and one.dtype.kind in "fiu" and one.shape == other.shape:
            self.most = max(self.most, float(np.abs(one.astype(float) - other).max(initial=0)))


@dataclass
class Comparison:
    """What `compare` found."""

    orders: tuple[list[str], list[str]]  # keys, in the order of the index
    fates: tuple[list[Fate], list[Fate]]
    members: dict[str, Apart] = field(default_factory=dict)
    arrays: dict[str, Apart] = field(default_factory=dict)
    facts: dict[str, Apart] = field(default_factory=dict)  # of meta.json, by their path


Fate = tuple[str, str, str, str]
"""Leg, key, step and reason of an item that was rejected."""


def compare(one: Path, other: Path) -> Comparison:
    """The samples that both data sets have, member by member and number by number."""
    first, second = samples(one), samples(other)
    found = Comparison((list(first), list(second)), (fates(one), fates(other)))
    for key in first.keys() & second.keys():
        for name in first[key].keys() | second[key].keys():
            found.members.setdefault(name, Apart()).add(first[key].get(name), second[key].get(name))
        tracks, others = (unpack(each[key]["tracks.npz"]) for each in (first, second))
        for name, numbers in tracks.items():
            found.arrays.setdefault(name, Apart()).add(numbers, others[name])
        content, besides = (
            dict(leaves(json.loads(members["meta.json"]))) for members in (first[key], second[key])
        )
        for name, fact in content.items():
            found.facts.setdefault(name, Apart()).add(fact, besides.get(name))
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal to the bit."""
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.tobytes() == other.tobytes())
    return bool(one == other)


def samples(out: Path) -> dict[str, Members]:
    """The members of each sample, by key, in the order of the index."""
    stored: dict[str, Members] = {}
    for path in sorted(out.glob("shards/*/*.tar")):
        with path.open("rb") as file:
            for sample in samples_in(file):
                stored[sample.key] = read_members(file, sample)
    return {row.key: stored[row.key] for row in read_index(out).rows()}


def fates(out: Path) -> list[Fate]:
    """Whatever was rejected, in the order of the landings."""
    ledger = Ledger(out)
    rows = [
        row
        for leg in pipeline_legs()
        for name in ledger.names(leg.name)
        for row in ledger.rejects(leg.name, name).to_pylist()
    ]
    return [(row["leg"], row["key"], row["step"], row["reason"]) for row in rows]


def leaves(result: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Facts of a JSON value with their paths; numbers as arrays."""
    if isinstance(result, dict):
        for name, value in result.items():
            yield from leaves(value, f"{path}.{name}".lstrip("."))
    elif isinstance(result, list):
        for place, value in enumerate(result):
            yield from leaves(value, f"{path}[{place}]")
    else:
        yield path, np.array(result) if isinstance(result, float) else result
