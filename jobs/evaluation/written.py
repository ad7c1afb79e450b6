"""The tables of a benchmark's results on disk: every value of every frame and pair, and the summary."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.identity import identity
from engine.ledger import Ledger
from engine.made_by import version_of
from jobs.evaluation.instruments import Measuring
from jobs.evaluation.manifest import Benchmark
from jobs.evaluation.measured import MeasuredFilm
from jobs.evaluation.outcome import Outcome, films_in, plain
from model.eval.networks import digests
from storage.place import Place

FRAMES = pa.schema(
    [
        ("method", pa.string()),
        ("pair_id", pa.string()),
        ("frame", pa.int64()),
        ("metric", pa.string()),
        ("value", pa.float64()),
    ]
)
PAIRS = pa.schema([field for field in FRAMES if field.name != "frame"])


def write_tables(out: Place, benchmark: Benchmark, ledger: Ledger, outcome: Outcome) -> None:
    """Write `frames.parquet` and `pairs.parquet`, a film in memory at a time; both name the manifest."""
    named = {"manifest_sha256": benchmark.sha256}
    with tempfile.TemporaryDirectory() as folder:
        frames, pairs = Path(folder) / "frames.parquet", Path(folder) / "pairs.parquet"
        with pq.ParquetWriter(frames, FRAMES.with_metadata(named), compression="zstd") as writer:
            for film in films_in(ledger):
                writer.write_table(frame_rows(film))
        pq.write_table(
            pa.Table.from_pylist(list(pair_rows(outcome)), schema=PAIRS.with_metadata(named)), pairs
        )
        for path in (frames, pairs):
            out.put(path.name, path)


def frame_rows(film: MeasuredFilm) -> pa.Table:
    """A row for each metric and frame; no value where nothing was measured."""
    curves = [curve for curve in film.curves if len(curve.values)]
    count = sum(len(curve.values) for curve in curves)
    values = np.concatenate([curve.values for curve in curves])
    return pa.table(
        {
            "method": [film.method] * count,
            "pair_id": [film.pair_id] * count,
            "frame": np.concatenate([np.arange(len(curve.values)) for curve in curves]),
            "metric": [curve.name for curve in curves for _ in range(len(curve.values))],
            "value": pa.array(values, mask=~np.isfinite(values)),
        },
        schema=FRAMES,
    )


def pair_rows(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """A row for each metric and film."""
    for (method, pair_id), values in sorted(outcome.values.items()):
        for metric, value in sorted(values.items()):
            yield {"method": method, "pair_id": pair_id, "metric": metric, "value": value}


def write_summary(out: Place, benchmark: Benchmark, how: Measuring, outcome: Outcome, version: str) -> None:
    """Write `summary.json`: the same benchmark, films, weights and settings give the same bytes."""
    summary = {
        "manifest_sha256": benchmark.sha256,
        "name": benchmark.manifest.name,
        "recipe": benchmark.manifest.recipe,
        "code_version": version,
        "weights_sha256": digests(how.weights),
        "people": how.people,
        "estimators": identity(how.backends) if how.people else "",
        "decoded_by": f"PyAV {version_of('av')}",
        "methods": {method: plain(numbers) for method, numbers in outcome.numbers.items()},
        "missing": [dict(vars(film)) for film in outcome.missing],
        "lossy": outcome.losses,
    }
    out.write("summary.json", (json.dumps(summary, indent=1, sort_keys=True) + "\n").encode())
