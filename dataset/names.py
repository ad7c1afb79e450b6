"""One name for each file of a data set."""

from __future__ import annotations

import re

RUN = "run.json"
"""What made the data set: its settings, versions and estimators."""
INDEX = "index.parquet"
"""One row a sample, written last: what it does not name does not exist."""
RUNNING = "running.json"
"""What a run says of itself while it lasts. No reader needs it."""
SHARDS = "shards"
LANDINGS = "landings"
SHARD = re.compile(rf"{SHARDS}/(?P<bucket>[0-9]+x[0-9]+)/(?P<number>[0-9]{{6}})\.tar")
"""Path of a tar below the data set's folder."""
