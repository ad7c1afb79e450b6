from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.synthetic import make_ledger
from engine.ledger import Ledger
from engine.planning.rates import Rate, Rates, measured, read_rates, works_landed, works_of, write_rates
from pipeline.flow import TARS, Curation, legs

HOUSE = legs(Curation(), Path())
FLAT = Rates(
    measured="nowhere",
    steps=tuple(
        Rate(leg=leg.name, step=step.name, frames_per_s=24.0, keeps=1.0)
        for leg in HOUSE
        for step in leg.steps
    ),
    source_s=60.0,
    sample_s=6.0,
    lap_s=0.5,
    worker_s=3.0,
    crew_s={leg.name: 2.0 for leg in HOUSE},
)


def about(number: float) -> Any:
    return pytest.approx(number)


def sizes(rates: Rates, hours: float) -> dict[str, list[float]]:
    works = works_of(
        rates, HOUSE, hours=hours, source_s=60.0, sources_per_lap=4, samples_per_shard=64, tar_leg=TARS
    )
    return {work.leg: [len(work.laps_s), sum(work.laps_s)] for work in works}


def test_an_hour_at_the_speed_of_life_takes_an_hour_a_step() -> None:
    result = sizes(FLAT, 1.0)
    assert result["sources"] == [15, about(3600 + 15 * 0.5)]
    assert result["catalogue"] == [1, about(2 * 3600 + 0.5)]
    assert result["clips"] == [15, about(3 * 3600 + 15 * 0.5)]
    assert result["shards"] == [10, about(3600 + 10 * 0.5)]
    assert sizes(FLAT, 2.0)["tracks"] == [30, about(2 * result["tracks"][1])]


def test_what_a_step_drops_is_no_work_for_the_next() -> None:
    steps = (replace(rate, keeps=0.5) if rate.step == "screen" else rate for rate in FLAT.steps)
    result = sizes(replace(FLAT, steps=tuple(steps)), 1.0)
    assert result["clips"] == sizes(FLAT, 1.0)["clips"]
    assert result["tracks"] == [15, about(2 * 1800 + 15 * 0.5)]
    assert result["shards"] == [5, about(1800 + 5 * 0.5)]


def test_laps_follow_as_the_runner_has_them() -> None:
    works = works_of(
        FLAT, HOUSE, hours=1, source_s=60.0, sources_per_lap=4, samples_per_shard=64, tar_leg=TARS
    )
    assert {work.leg: work.follows for work in works if work.follows} == {
        "tracks": ("clips",),
        "samples": ("tracks",),
    }
    assert {work.leg: work.awaits for work in works if work.awaits} == {
        "catalogue": ("sources",),
        "clips": ("catalogue", "sources"),
        "shards": ("samples",),
    }


def test_footage_of_two_ways_that_are_joined_is_added_up() -> None:
    """The left way keeps half, the right one a tenth; what reads both has six tenths of the work."""
    sides = [replace(HOUSE[0], name=name, after=("sources",)) for name in ("left", "right")]
    house = [HOUSE[0], *sides, replace(HOUSE[0], name="joined", after=("left", "right"))]
    keeps = {"sources": 1.0, "left": 0.5, "right": 0.1, "joined": 1.0}
    steps = tuple(Rate(leg=leg, step="x", frames_per_s=24.0, keeps=kept) for leg, kept in keeps.items())
    rates = replace(FLAT, steps=steps, lap_s=0.0, crew_s=dict.fromkeys(keeps, 0.0))
    works = works_of(rates, house, hours=1, source_s=60.0, sources_per_lap=4, samples_per_shard=1, tar_leg="")
    assert [sum(work.laps_s) for work in works] == [about(3600 * share) for share in (1, 1, 1, 0.6)]


def test_rates_come_back_from_their_file(tmp_path: Path) -> None:
    write_rates(tmp_path / "rates.json", FLAT)
    assert read_rates(tmp_path / "rates.json") == FLAT


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": [{"leg": 1}]}'])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text(text)
    with pytest.raises(ValueError, match="no table of rates"):
        read_rates(tmp_path / "rates.json")


def test_a_ledger_tells_its_rates(tmp_path: Path) -> None:
    """Each synthetic lap of 4 sources: 40 s of footage, a second in each step, 40 s given, 40 clips."""
    make_ledger(tmp_path, 80, 10)
    rates = measured(Ledger(tmp_path), HOUSE, FLAT, "synthetic")
    by_step = {rate.step: rate for rate in rates.steps}
    assert by_step["estimate"] == Rate(leg="tracks", step="estimate", frames_per_s=960.0, keeps=1.0)
    assert rates.measured == "synthetic"
    assert rates.lap_s == FLAT.lap_s


def test_steps_that_landed_nothing_keep_their_rates(tmp_path: Path) -> None:
    make_ledger(tmp_path, 80, 10)
    for marker in (tmp_path / "landings" / "shards").glob("*.done"):
        marker.unlink()
    rates = measured(Ledger(tmp_path), HOUSE, FLAT, "synthetic")
    assert next(rate for rate in rates.steps if rate.step == "shard").frames_per_s == 24.0
    assert rates.sample_s == FLAT.sample_s


def test_without_footage_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no footage has been measured yet"):
        measured(Ledger(tmp_path), HOUSE, FLAT, "empty")


def test_laps_that_landed_are_as_long_as_they_were(tmp_path: Path) -> None:
    make_ledger(tmp_path, 80, 10)
    works = {work.leg: work for work in works_landed(Ledger(tmp_path), HOUSE, FLAT)}
    assert works["tracks"].laps_s == (2.5, 2.5)
    assert works["clips"].laps_s == (3.5, 3.5)
    assert works["tracks"].crew_s == 2.0
