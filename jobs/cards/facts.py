"""What all cards tell: how much, under which licences, from where, made by what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataset.index import Index
from schemas.media import FPS

KINDS = {"string": "string", "dictionary": "string", "int64": "int64", "double": "float64", "bool": "bool"}
"""Of Arrow's types, the words of Hugging Face."""


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """The facts of a data set."""

    name: str
    """Small letters, digits and dashes."""
    digest: str
    """sha256 of the index."""
    samples: int
    hours: float
    gigabytes: float
    sources: int
    with_sound: int
    licences: Mapping[str, float]
    """Hours by licence."""
    domains: Mapping[str, float]
    framings: Mapping[str, float]
    columns: Mapping[str, str]
    """Of the index: name and kind, in order."""
    estimators: Mapping[str, Mapping[str, Any]]
    """Cards by role."""


def card_facts(index: Index, estimators: Mapping[str, Mapping[str, Any]]) -> CardFacts:
    """The facts of an index and of who estimated what is in it."""
    schema = index.table.schema
    return CardFacts(
        name=re.sub(r"[^a-z0-9]+", "-", index.root.rstrip("/").rpartition("/")[2].lower()).strip("-")
        or "set",
        digest=index.digest,
        samples=len(index),
        hours=float(index.numbers("frames").sum()) / FPS / 3600,
        gigabytes=float(index.numbers("size").sum()) / 1e9,
        sources=len(np.unique(index.codes("source_sha256")[0])),
        with_sound=int(index.values("has_audio").sum()),
        licences=hours_by(index, "licence"),
        domains=hours_by(index, "domain"),
        framings=hours_by(index, "framing"),
        columns={field.name: KINDS[str(field.type).partition("<")[0]] for field in schema},
        estimators=estimators,
    )


def hours_by(index: Index, column: str) -> dict[str, float]:
    """Hours by the words of a column, the most first; what nobody told is "not told"."""
    code, words = index.codes(column)
    hours = np.bincount(code, index.numbers("frames"), minlength=len(words)) / FPS / 3600
    found = sorted(zip(words, hours.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return {word or "not told": share for word, share in found if share > 0}
