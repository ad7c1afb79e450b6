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
RUNNING = "running.json"
"""What a run says of itself while it lasts. No reader needs it."""
SHARDS = "shards"
LANDINGS = "landings"
SHARD = re.compile(
    rf"(?P<place>{SHARDS}/(?P<bucket>[0-9]+x[0-9]+)/(?P<number>[0-9]{{6}}))(-[0-9a-f]{{12}})?\.tar"
)
"""Path of a tar below the data set's folder; digits of its contents end it, but in older sets."""


def tar_name(place: str, samples: Iterable[str]) -> str:
    """Path of the tar at a place, such as shards/1024x592/000000, of samples with these sha256.

    So no tar takes the place of another, and the same samples lie in the same file.
    """
    return f"{place}-{hashlib.sha256(' '.join(samples).encode()).hexdigest()[:12]}.tar"


def tar_place(shard: str) -> str:
    """The place of a tar, whatever its contents."""
    found = SHARD.fullmatch(shard)
    return found["place"] if found else shard
