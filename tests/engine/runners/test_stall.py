"""A leg that does not go on is named, and so is why."""

from __future__ import annotations

from dataclasses import replace

from engine.runners.stall import Wait, stalls
from engine.runners.status import CurrentItem, LegProgress, WorkerState

LANE = LegProgress(leg="tracks", laps=5, done=1, running=1, ready=3, items=20, items_done=4)
SPOT = CurrentItem(step="estimate", key="0123456789ab-000000", uri="/v/a.mp4", footage_s=10.0)
SIGHT = WorkerState(
    worker="cpu-0 on 10.0.0.1",
    leg="tracks",
    lap="000003",
    spot=SPOT,
    since_s=500.0,
    limit_s=900.0,
    tallies=(),
)
WAIT = Wait(legs=frozenset({"tracks"}), since=100.0, needs="1 CPU, 0.5 GPU, 2 GiB")


def test_all_is_well() -> None:
    assert stalls([LANE], [replace(SIGHT, since_s=300.0)], [], now=200.0) == {}


def test_an_item_that_takes_long() -> None:
    (why,) = stalls([LANE], [SIGHT, replace(SIGHT, since_s=10.0)], [], now=0.0).values()
    assert why == (
        "tracks: cpu-0 on 10.0.0.1 has been at step estimate, item 0123456789ab-000000 for 500 s, "
        "and is given up after 900 s"
    )


def test_short_limits_do_not_cry_wolf() -> None:
    """A worker is not called stuck within the first minute, however short its time."""
    assert stalls([LANE], [replace(SIGHT, since_s=50.0, limit_s=60.0)], [], now=0.0) == {}


def test_a_lap_that_does_not_land() -> None:
    (why,) = stalls([LANE], [replace(SIGHT, spot=None)], [], now=0.0).values()
    assert "lap 000003, between items" in why


def test_nobody_to_do_it() -> None:
    assert stalls([LANE], [], [WAIT], now=159.0) == {}
    (why,) = stalls([LANE], [], [WAIT], now=165.0).values()
    assert why == (
        "tracks: 3 laps wait for a worker, and no machine has had room for one "
        "(1 CPU, 0.5 GPU, 2 GiB) for 65 s"
    )


def test_a_leg_without_work_is_not_stuck() -> None:
    assert stalls([replace(LANE, ready=0)], [], [WAIT], now=900.0) == {}
