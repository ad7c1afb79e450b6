"""What all cards tell: how much, under which licences, from where, made by what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataset.index import Index
from engine.ledger import Ledger
from schemas.media import FPS

PROBED = "clips"
"""The leg of the pipeline that asks files whether they may be learned from."""
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
    opted_out: Mapping[str, int] | None
    """Files left out that say that nobody may learn from them, by what they say; None: nobody asked them."""


def card_facts(
    index: Index,
    estimators: Mapping[str, Mapping[str, Any]],
    opted_out: Mapping[str, int] | None = None,
) -> CardFacts:
    """The facts of an index, of who estimated what is in it, and of files that reserve their rights."""
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
        opted_out=opted_out,
    )


def hours_by(index: Index, column: str) -> dict[str, float]:
    """Hours by the words of a column, the most first; what nobody told is "not told"."""
    code, words = index.codes(column)
    hours = np.bincount(code, index.numbers("frames"), minlength=len(words)) / FPS / 3600
    found = sorted(zip(words, hours.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return {word or "not told": share for word, share in found if share > 0}


def opted_out_in(ledger: Ledger) -> dict[str, int]:
    """How many files were left out by what they say of being learned from, each kind in its file's words.

    The most frequent first; a file that says several things counts under each.

    Raises:
        ValueError: a table of rejects is damaged.
        OSError: it cannot be read.
    """
    kinds = (
        word
        for table in ledger.all_rejects(PROBED)
        for reason, detail in zip(table["reason"].to_pylist(), table["detail"].to_pylist(), strict=True)
        if reason == "opted_out"
        for word in detail.split("; ")
    )
    return dict(sorted(Counter(kinds).items(), key=lambda pair: (-pair[1], pair[0])))
