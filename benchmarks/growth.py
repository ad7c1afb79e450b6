"""How many tars are made again where a data set grows or somebody leaves: the plan itself, on made-up keys.

    python -m benchmarks.growth

Beside it the rule of earlier versions: so many consecutive keys of a canvas in each tar.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.machine import write_table
from pipeline.flow import Curation
from pipeline.plans import PLACES, plan_shards

CLIPS, CLIPS_PER_SOURCE = 100_000, 10
CANVAS = (640, 960)
MOST_GROWN, MOST_LEFT = 200, 2
LEAVING = 300
"""Sources that leave, each alone."""
Tars = frozenset[tuple[str, ...]]
Rule = Callable[[list[str]], Tars]


def clips_of(sources: Iterable[str]) -> list[str]:
    """Keys of the clips of some sources, in order."""
    return sorted(f"{source}-{240 * n:06d}-0" for source in sources for n in range(CLIPS_PER_SOURCE))


def ours(keys: list[str]) -> Tars:
    """The tars of the pipeline's plan, by their keys."""
    same = np.zeros(len(keys), np.int64)
    columns = [keys, same + CANVAS[0], same + CANVAS[1], same, same]
    table = pa.table(columns, names=PLACES.names).cast(PLACES)
    return frozenset(
        tuple(held["key"].to_pylist()) for _, held in plan_shards(table, Curation().samples_per_shard)
    )


def runs(keys: list[str]) -> Tars:
    """Tars of consecutive keys."""
    size = Curation().samples_per_shard
    return frozenset(tuple(keys[first : first + size]) for first in range(0, len(keys), size))


def main() -> None:
    drawn = random.Random(0)
    sources = [f"{drawn.getrandbits(48):012x}" for _ in range(CLIPS // CLIPS_PER_SOURCE)]
    new = [f"{drawn.getrandbits(48):012x}" for _ in range(100)]
    rows: list[tuple[str, ...]] = [("change", "rule", "tars", "made again or new", "share")]
    most = {}
    for name, rule in (("digests halve", ours), ("64 keys in a row", runs)):
        before = rule(clips_of(sources))
        for added in (1, 10, 100):
            after = rule(clips_of([*sources, *new[:added]]))
            made = len(after - before)
            what = f"{added * CLIPS_PER_SOURCE} new clips of {added} sources"
            rows.append((what, name, f"{len(after)}", f"{made}", f"{made / len(after):.1%}"))
            most[name, "grown"] = made
        left = [
            len(rule(clips_of(source for source in sources if source != gone)) - before)
            for gone in sources[: LEAVING if rule is ours else 10]
        ]
        rows.append(("a source leaves", name, f"{len(before)}", f"at most {max(left)}", ""))
        most[name, "left"] = max(left)
    sizes = np.array([len(tar) for tar in ours(clips_of(sources))])
    grown, left_most = most["digests halve", "grown"], most["digests halve", "left"]
    reached = grown <= MOST_GROWN and left_most <= MOST_LEFT
    write_table(
        Path(__file__).with_name("GROWTH.md"),
        "A data set that grows",
        "python -m benchmarks.growth",
        rows,
        f"Goal: 1000 new clips of 100 sources touch at most {MOST_GROWN} tars, a source that leaves at most "
        f"{MOST_LEFT}. Most: {grown} and {left_most}, {'reached' if reached else 'not reached'}.",
        f"{CLIPS} clips of one canvas, {CLIPS_PER_SOURCE} a source. Samples a tar: {sizes.mean():.0f} in "
        f"the mean, {int(np.percentile(sizes, 5))} to {int(np.percentile(sizes, 95))} in nine of ten.",
        f"Measured on {date.today()}.",
    )
    if not reached:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
