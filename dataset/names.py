"""One name for each file of a data set."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

RUN = "run.json"
"""What made the data set: its settings, versions and estimators."""
NEXT = "next.json"
"""What a run under way makes of the data set: it becomes `RUN` at the end. Until then the old index holds."""
INDEX = "index.parquet"
"""One row a sample, written last: what it does not name does not exist."""
INDEX_COPIES = "index"
"""Folder of all indexes that were `INDEX` once, or are."""
INDEX_COPY = re.compile(rf"{INDEX_COPIES}/(?P<digest>[0-9a-f]{{64}})\.parquet")
"""An index that was `INDEX` once, or is: a training keeps to the order of the one that it began with."""
RUNNING = "running.json"
"""What a run says of itself while it lasts. No reader needs it."""
WITHDRAWN = "withdrawn.json"
"""Tombstones: who has left the data set, as digests with a salt."""
FORGETTING = "forgetting.json"
"""What a command that makes somebody leave has begun; it goes when all is done."""
RETELLING = "retelling.json"
"""What is told of known files otherwise than before; it goes when the index says it too."""
DENIED = "denied.txt"
"""Samples that are kept out, a key a line with the reason after a tab: who takes a line out has one back."""
SHARDS = "shards"
MEASURES = "measures"
"""What audits measure of the samples: no part of the set, and made anew by the next audit."""
LANDINGS = "landings"
SOURCE_DIGITS = 12
"""Digits of a source's sha256 that a key begins with."""
KEY = re.compile(rf"[0-9a-f]{{{SOURCE_DIGITS}}}-[0-9]{{6,}}-[0-9]+")
"""Key of a sample: its source, its first frame, its track."""
SHARD = re.compile(
    rf"(?P<place>{SHARDS}/(?P<bucket>[0-9]+x[0-9]+)/({KEY.pattern}|[0-9]{{6}}))(-[0-9a-f]{{12}})?\.tar"
)
"""Path of a tar below the data set's folder: its first key, then digits of its contents.

Older sets, and those of latents, have numbers in place of the key."""


def index_copy(digest: str) -> str:
    """Path of the index that had this sha256 when it was written."""
    return f"{INDEX_COPIES}/{digest}.parquet"


def tar_name(place: str, samples: Iterable[str]) -> str:
    """Path of the tar at a place, shards/<bucket>/<first key>, of samples with these sha256.

    So no tar takes the place of another, and the same samples lie in the same file.
    """
    return f"{place}-{hashlib.sha256(' '.join(samples).encode()).hexdigest()[:12]}.tar"


def tar_place(shard: str) -> str:
    """The place of a tar, whatever its contents."""
    found = SHARD.fullmatch(shard)
    return found["place"] if found else shard
