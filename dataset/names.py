"""One name for each file of a data set."""

from __future__ import annotations

import re

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
SHARD = re.compile(rf"{SHARDS}/(?P<bucket>[0-9]+x[0-9]+)/(?P<number>[0-9]{{6}})(-[0-9a-f]{{12}})?\.tar")
"""Path of a tar below the data set's folder. It ends with digits of the contents, but in older sets: no tar
takes another's place."""
