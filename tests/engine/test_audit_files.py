"""Files that are damaged, missing or strange are named under the check that they fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dataset.index import read_index
from dataset.names import INDEX
from schemas.arrow import encode
from schemas.index import IndexRow
from tests.engine.audited import (
    FIRST,
    failing,
    land,
    lost,
    nested,
    with_fields,
)
from tests.stored import tar_in


def edited(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Change a JSON file."""

    def damage(out: Path) -> None:
        content = json.loads((out / name).read_text())
        change(content)
        (out / name).write_text(json.dumps(content))

    return damage


def reindexed(change: Callable[[list[IndexRow]], Sequence[IndexRow]]) -> Callable[[Path], None]:
    """Change the index and nothing else."""

    def damage(out: Path) -> None:
        pq.write_table(encode(change(list(read_index(out).rows())), IndexRow), out / INDEX)

    return damage


def written(name: str, data: bytes = b"") -> Callable[[Path], None]:
    def damage(out: Path) -> None:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)

    return damage


def piped(name: str) -> Callable[[Path], None]:
    """A named pipe in place of a file: whoever opens it waits without end."""

    def damage(out: Path) -> None:
        (out / name).unlink(missing_ok=True)
        os.mkfifo(out / name)

    return damage


def deep(out: Path) -> None:
    """Folders in folders, as deep as the kernel lets a name go."""
    with chdir(out):
        for _ in range(1800):
            Path("d").mkdir()
            os.chdir("d")


def linked(out: Path) -> None:
    tar = tar_in(out, FIRST)
    tar.rename(out.parent / "elsewhere.tar")
    tar.symlink_to(out.parent / "elsewhere.tar")


MARKER = "landings/shards/part-000000.done"


SEEN = "nothing is known of it"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda out: tar_in(out, FIRST).unlink(), {"files": ".tar is missing", "seen": SEEN}),
        (
            lambda out: os.truncate(tar_in(out, FIRST), 40_000),
            {"shards": "the tar ends at byte 40000", "seen": SEEN},
        ),
        (lambda out: os.truncate(tar_in(out, FIRST), 0), {"shards": "no tar header at byte 0", "seen": SEEN}),
        (linked, {"files": "is a link", "seen": SEEN}),
        (
            lambda out: piped(tar_in(out, FIRST).relative_to(out).as_posix())(out),
            {"files": "is a pipe", "seen": SEEN},
        ),
        (piped("shards/160x240/000009.tar"), {"files": "is a pipe"}),
        (piped(INDEX), {"index": "No plain file", "files": "is a pipe", "landed": "differs"}),
        (piped("run.json"), {"run": "No plain file", "files": "is a pipe"}),
        (
            piped(MARKER),
            {"files": "is a pipe", "landings": "does not belong there", "conservation": "offered 0"},
        ),
        (
            piped("landings/shards/part-000000.parquet"),
            {
                "files": "is a pipe",
                "landings": "does not belong there",
                "conservation": "offered 0",
                "landed": "differs",
            },
        ),
        (
            lambda out: shutil.copy(tar_in(out, FIRST), out / "shards/160x240/000007.tar"),
            {"files": "'shards/160x240/000007.tar' is in no"},
        ),
        (written("shards/160x240/.000009.tmp/video.mp4"), {"files": "does not belong"}),
        (written("shards/160x240/mine.tar"), {"files": "'shards/160x240/mine.tar' is in no index"}),
        (written("index/mine.parquet"), {"files": "'index/mine.parquet' is in no index"}),
        (written(".index.parquet.0123.tmp"), {"files": "is in no index"}),
        (written(".index.parquet.tmp"), {"files": "is in no index"}),
        (
            lambda out: (out / "shards/16x16/9.tar").mkdir(parents=True),
            {"files": "'shards/16x16/9.tar' does not belong"},
        ),
        (reindexed(lambda rows: rows[1:]), {"shards": "is in no index", "landed": "differs"}),
        (
            reindexed(lambda rows: [*rows, with_fields(rows[-1], key="f" * 12 + "-000000-0")]),
            {
                "rows": "span cannot be",
                "unique": "sha256 .* is there 2 times",
                "shards": "is missing",
                "seen": "f{12}-000000-0: nothing is known of it",
                "landed": "f",
            },
        ),
        (
            reindexed(lambda rows: [*rows, rows[-1]]),
            {"unique": "is there 2 times", "landed": "differs", "seen": SEEN},
        ),
        (reindexed(lambda rows: rows[::-1]), {"index": " after "}),
        (
            reindexed(lambda rows: [with_fields(rows[0], offset=512), *rows[1:]]),
            {"shards": "at 0, the index says .* at 512", "landed": "differs"},
        ),
        (
            reindexed(lambda rows: [with_fields(rows[0], shard="../../etc/passwd"), *rows[1:]]),
            {"rows": "shard cannot be", "shards": "is in no index", "landed": "differs", "seen": SEEN},
        ),
        (
            reindexed(lambda rows: [with_fields(rows[0], num_references=10**12, width=10**9), *rows[1:]]),
            {
                "rows": "bucket cannot be",
                "members": "1000000000000 references",
                "videos": "width=160",
                "references": "expected",
                "meta": "size is",
                "landed": "differs",
            },
        ),
        (
            lambda out: (out / INDEX).unlink(),
            {"index": "no data set there: it has no index", "files": "is in no index", "landed": "differs"},
        ),
        (
            written(INDEX, b"PAR1"),
            {"index": "index.parquet", "files": "is in no index", "landed": "differs"},
        ),
        (lambda out: (out / "run.json").unlink(), {"files": "run.json is missing", "run": "No such file"}),
        (written("run.json", b"[]"), {"run": "no JSON object"}),
        (edited("run.json", lambda run: run.update(schema="1")), {"run": "a str does not belong"}),
        (
            edited("run.json", lambda run: run.update(schema=9)),
            {"run": "expected one of \\(1, 2, 3\\) and 1"},
        ),
        (edited("run.json", lambda run: run.pop("settings")), {"run": "settings is missing"}),
        (written("landings/shards/.part-000001.parquet.tmp"), {"landings": "does not belong"}),
        (written("landings/dreams/part-000000.done"), {"landings": "'dreams' is no leg"}),
        (
            lambda out: shutil.rmtree(out / "landings"),
            {"landings": "has not landed", "landed": "differs"},
        ),
        (
            lambda out: (out / MARKER).unlink(),
            {"landings": "No such file", "conservation": "samples gave 4 rows, shards was offered 0"},
        ),
        (written(MARKER, b"{"), {"landings": "no JSON", "conservation": "offered 0"}),
        (written(MARKER, b"{}"), {"landings": "wrong keys", "conservation": "offered 0"}),
        (written(MARKER, nested(10**5)), {"landings": "no JSON", "conservation": "offered 0"}),
        (edited(MARKER, lambda said: said.update(content="0")), {"landings": "the marker says"}),
        (
            edited(MARKER, lambda said: said.update(steps=[])),
            {"landings": "its steps are not", "conservation": "offered 0"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(kept=2)),
            {"conservation": "shard was offered 4, kept 2, rejected 1"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(gave=2)),
            {"conservation": "shard gave 2, 3 have landed"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(offered=3, reasons={})),
            {"conservation": "tells of rejects {}"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(offered=5, kept=4)),
            {"conservation": "samples gave 4 rows, shards was offered 5"},
        ),
        (
            lambda out: (out / "landings/shards/rejects-000000.parquet").unlink(),
            {"landings": "No such file", "conservation": "offered 0"},
        ),
        (
            written("landings/shards/part-000000.parquet", b"PAR1PAR1"),
            {"landings": "lap 000000", "conservation": "offered 0", "landed": "differs"},
        ),
        (
            lambda out: land(
                out, [with_fields(row, domain="other") for row in read_index(out).rows()], lost("unreadable")
            ),
            {"landed": "differs"},
        ),
        (
            lambda out: land(out, read_index(out).rows(), lost("It Broke")),
            {"landings": "without a fixed word", "conservation": "offered 0"},
        ),
    ],
)
def test_damage_to_files_is_named(damage: Callable[[Path], Any], found: dict[str, str], out: Path) -> None:
    damage(out)
    failed = failing(out)
    assert set(failed) == set(found), failed
    for check, words in found.items():
        assert re.search(words, failed[check]), failed[check]


@pytest.mark.parametrize(
    "put",
    [
        deep,
        written("README.md"),
        written(".nv-meta/index.sqlite"),  # Energon's
        written("shards/160x240/000000.tar.idx"),  # of those who seek in tars
        written("shards/160x240/.000009.tar.swp"),
        piped("shards/.DS_Store"),
        lambda out: (out / "shards/16x16").mkdir(),
        lambda out: (out / "media").symlink_to(out.parent),
    ],
)
def test_what_others_put_beside_is_passed_over(put: Callable[[Path], Any], out: Path) -> None:
    put(out)
    failed = failing(out)
    if put is deep:
        subprocess.run(["rm", "-r", out / "d"], check=True)  # deeper than pytest itself can remove
    assert not failed
