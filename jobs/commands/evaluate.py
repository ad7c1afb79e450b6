"""`understudy evaluate`: films beside their truth, scored by metrics that go by the name of their variant."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tyro
from rich.console import Console
from rich.table import Table

from jobs.console.flags import parsed
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from model.eval.films import film
from model.eval.networks import Networks, WeightFiles, digests, load_networks
from model.eval.scoring import STEP, WINDOW, PairScores, score_pair
from model.eval.summary import summarise
from storage.place import Place
from storage.regular_file import open_regular

COLUMNS = ("pair_id", "method", "made", "truth")
MAX_TABLE_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Score films against the films that they should be."""

    pairs: tyro.conf.Positional[Path]
    """CSV with the columns pair_id, method, made, truth; paths are from its own folder."""
    out: Path
    """Folder of the results: frames.parquet, pairs.parquet, summary.json."""
    weights: WeightFiles = field(default_factory=WeightFiles)
    """Without any, PSNR and SSIM alone are told."""
    allow_small: bool = False
    """Tell FID and FVD of fewer rows than they have features, too: such numbers are far too high."""
    seed: int = 0
    """Of the bootstrap."""
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A film and its truth."""

    pair_id: str
    method: str
    made: Path
    truth: Path


def parse(args: list[str]) -> Evaluate:
    """The job of a command line."""
    return parsed(Evaluate, "evaluate", args)


def evaluate(job: Evaluate, console: Console) -> ExitCode:
    """Write the results and print a table; `FAILED_ITEMS` where pairs could not be scored: they are named.

    Raises:
        ValueError: the table of pairs or a file of weights cannot be used; says why.
    """
    pairs = read_pairs(job.pairs)
    networks = load_networks(job.weights, job.device)
    scored: dict[Pair, PairScores] = {}
    missing: dict[Pair, str] = {}
    for number, pair in enumerate(pairs, 1):
        console.print(f"{number} of {len(pairs)}: {pair.method}, {pair.pair_id}", highlight=False)
        result = scores_of(pair, networks)
        if isinstance(result, str):
            missing[pair] = result
            console.print(f"missing: {pair.method}, {pair.pair_id}: {result}", style="red", highlight=False)
        else:
            scored[pair] = result
    methods = {
        method: summarise(
            [scores for pair, scores in scored.items() if pair.method == method],
            sum(pair.method == method for pair in missing),
            seed=job.seed,
            allow_small=job.allow_small,
        )
        for method in sorted({pair.method for pair in pairs})
    }
    write(job, methods, scored, missing)
    for method, numbers in methods.items():
        tell_table(console, table(method, numbers))
    return ExitCode.FAILED_ITEMS if missing else ExitCode.WHOLE


def scores_of(pair: Pair, networks: Networks) -> PairScores | str:
    """The scores of a pair, or why there are none."""
    try:
        return score_pair(film(pair.made), film(pair.truth), networks)
    except ValueError as error:
        return str(error)


def read_pairs(path: Path) -> list[Pair]:
    """The rows of a table of pairs.

    Raises:
        ValueError: it is too large, no table, lacks a column, has no row, or names a pair of a method twice.
        OSError: it is not there, or no regular file.
    """
    with open_regular(path) as opened:
        if os.fstat(opened.fileno()).st_size > MAX_TABLE_BYTES:
            raise ValueError(f"{path}: more than {MAX_TABLE_BYTES >> 20} MB of pairs")
        content = opened.read()
    try:
        rows = list(csv.DictReader(StringIO(content.decode(), newline="")))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no table of pairs ({error})") from error
    if not rows or any(not row.get(column) for row in rows for column in COLUMNS):
        raise ValueError(f"{path}: every row needs the columns {', '.join(COLUMNS)}")
    pairs = [
        Pair(
            pair_id=row["pair_id"],
            method=row["method"],
            made=path.parent / row["made"],
            truth=path.parent / row["truth"],
        )
        for row in rows
    ]
    names = [(pair.method, pair.pair_id) for pair in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: a method has a pair twice")
    return pairs


def write(
    job: Evaluate, methods: dict[str, Any], scored: dict[Pair, PairScores], missing: dict[Pair, str]
) -> None:
    """Write the results: the same films, weights and settings give the same bytes."""
    out = Place.at(str(job.out))
    pq_bytes = {
        "frames.parquet": list(frame_rows(scored)),
        "pairs.parquet": [
            {"method": pair.method, "pair_id": pair.pair_id, "metric": metric, "value": value}
            for pair, scores in scored.items()
            for metric, value in sorted(scores.means.items())
        ],
    }
    for name, rows in pq_bytes.items():
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(rows), sink)
        out.write(name, sink.getvalue().to_pybytes())
    summary = {
        "pairs_sha256": hashlib.sha256(job.pairs.read_bytes()).hexdigest(),
        "weights_sha256": digests(job.weights),
        "windows": {"frames": WINDOW, "step": STEP, "tail": "dropped"},
        "seed": job.seed,
        "methods": methods,
        "missing": [
            {"method": pair.method, "pair_id": pair.pair_id, "reason": reason}
            for pair, reason in missing.items()
        ],
    }
    out.write("summary.json", json.dumps(summary, indent=1, sort_keys=True).encode())


def frame_rows(scored: dict[Pair, PairScores]) -> Iterator[dict[str, Any]]:
    """A row for each frame and metric."""
    for pair, scores in scored.items():
        for metric, values in sorted(scores.frames.items()):
            for frame, value in enumerate(values):
                yield {
                    "method": pair.method,
                    "pair_id": pair.pair_id,
                    "frame": frame,
                    "metric": metric,
                    "value": value,
                }


def table(method: str, numbers: dict[str, dict[str, Any]]) -> Table:
    """A line for each number of a method."""
    lines = Table("metric", "value", "95 %", "n", title=method)
    for name, number in numbers.items():
        spread = "" if number["low"] is None else f"{number['low']:.4f} to {number['high']:.4f}"
        value = number["withheld"] or f"{number['value']:.4f}"
        lines.add_row(name, value, spread, str(number["n"]))
    return lines
