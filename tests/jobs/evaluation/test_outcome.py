"""Numbers are read from landings film by film: memory is that of one film, whatever their number."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from engine.ledger import Lap, Ledger
from jobs.evaluation.manifest import BenchManifest
from jobs.evaluation.measured import Curve, FeatureRows, MeasuredFilm, MeasuredTruth
from jobs.evaluation.outcome import outcome_of
from jobs.evaluation.scoring import FILMS, TRUTHS
from schemas.outcome import Reject
from tests.jobs.evaluation.test_results import manifest

ROWS, WIDTH = 2000, 64
"""Of a film: half a megabyte."""


def film(method: str, pair: str, number: int, shift: float = 0.0) -> MeasuredFilm:
    rows = np.random.default_rng(number).normal(shift, 1, (ROWS, WIDTH)).astype(np.float32)
    return MeasuredFilm(
        key=f"{method}/{pair}",
        uri="",
        method=method,
        pair_id=pair,
        loss="h264 yuv420p, 1.00 Mbit/s",
        curves=(Curve(name="psnr", values=np.array([20.0, 22.0 + number])),),
        features=(FeatureRows(name="resnet3d", rows=rows),),
        numbers={"flicker": 1.0},
    )


def landed(out: Path, pairs: tuple[str, ...], *, lacking: int = 0) -> Ledger:
    ledger = Ledger(out)
    for number, pair in enumerate(pairs):
        truth = film("driving", pair, number)
        row = MeasuredTruth(key=pair, uri="", film=truth, person=None, expected=None)
        lap = Lap(leg=TRUTHS, name=f"{number:06d}", inputs="", items=1, read=lambda _: ())
        ledger.land(lap, [row], MeasuredTruth, [])
        made = film("ours", pair, 1000 + number, shift=0.5)
        no = Reject(key=f"ours/{pair}", step="measure_film", reason="missing", detail="gone", uri="")
        lap = Lap(leg=FILMS, name=f"ours-{number:06d}", inputs="", items=1, read=lambda _: ())
        ledger.land(lap, [no if number < lacking else made], MeasuredFilm, [])
    return ledger


def bench(*pairs: str) -> BenchManifest:
    return manifest(*pairs)


def test_memory_is_that_of_a_film_however_many_there_are(tmp_path: Path) -> None:
    peaks = []
    for count in (4, 24):
        pairs = tuple(f"p{number}" for number in range(count))
        ledger = landed(tmp_path / f"{count}", pairs)
        (tmp_path / f"scratch{count}").mkdir()
        tracemalloc.start()
        outcome = outcome_of(ledger, bench(*pairs), ["ours"], tmp_path / f"scratch{count}", allow_small=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        found = outcome.numbers["ours"]["fid_vid"]
        assert found.value == pytest.approx(0.25 * WIDTH, rel=0.05)
        assert found.n == count * ROWS
        assert found.value is not None
        assert found.low is not None
        assert found.low < found.value
    assert peaks[1] < 1.3 * peaks[0], "ten megabytes more of features, and no more memory"


def test_a_missing_film_withholds_what_is_told_of_sets(tmp_path: Path) -> None:
    ledger = landed(tmp_path / "out", ("a", "b", "c"), lacking=1)
    (tmp_path / "scratch").mkdir()
    outcome = outcome_of(ledger, bench("a", "b", "c"), ["ours"], tmp_path / "scratch", allow_small=True)
    numbers = outcome.numbers["ours"]
    assert numbers["fid_vid"].withheld == "1 pairs are missing"
    assert (numbers["psnr"].n, outcome.losses["ours"]) == (2, {"h264 yuv420p": 2})
    (gone,) = outcome.missing
    assert (gone.method, gone.pair_id, gone.reason) == ("ours", "a", "missing: gone")
