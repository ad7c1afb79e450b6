"""Tars hold each sample once, in order, and a lap's inputs are what they have always been."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.synthetic import make_ledger
from engine.ledger import Ledger, digest
from pipeline import plans
from pipeline.flow import Curation, legs
from pipeline.plans import PLACES, plan_shards
from schemas.media import Source
from tests.engine.runners.odd import listing

keys = st.dictionaries(
    st.from_regex(r"[0-9a-f]{12}-[0-9]{6}-0", fullmatch=True), st.sampled_from(["784x784", "1024x592"])
)


def tars_of(samples: Iterable[tuple[str, str]], size: int) -> list[tuple[str, tuple[str, ...]]]:
    rows = [
        {"key": key, "width": int(width), "height": int(height), "content": 0, "lap": 0}
        for key, bucket in samples
        for width, height in [bucket.split("x")]
    ]
    table = pa.Table.from_pylist(rows, schema=PLACES)
    return [(bucket, tuple(held["key"].to_pylist())) for bucket, held in plan_shards(table, size)]


@given(keys, st.integers(1, 5))
def test_each_sample_is_in_one_tar_of_its_bucket(samples: dict[str, str], size: int) -> None:
    tars = tars_of(samples.items(), size)
    assert sorted(key for _, held in tars for key in held) == sorted(samples)
    for bucket, held in tars:
        assert {samples[key] for key in held} == {bucket}
        assert 1 <= len(held) <= size
        assert list(held) == sorted(held)


@given(keys, st.integers(1, 5), st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_landing(samples, size, random) -> None:
    shuffled = list(samples.items())
    random.shuffle(shuffled)
    assert tars_of(shuffled, size) == tars_of(samples.items(), size)


def test_tars_part_where_digests_of_sources_halve() -> None:
    canvas = "784x784"
    low, middle, high = (f"{source:012x}-000000-0" for source in (1, 0x7 << 44, 0x8 << 44))
    assert tars_of([(low, canvas), (middle, canvas), (high, canvas)], 3) == [(canvas, (low, middle, high))]
    assert tars_of([(low, canvas), (middle, canvas), (high, canvas)], 2) == [
        (canvas, (low, middle)),
        (canvas, (high,)),
    ]
    long = tuple(f"{1:012x}-{frame:06d}-0" for frame in range(5))
    assert tars_of([(key, canvas) for key in long], 2) == [
        (canvas, long[:2]),
        (canvas, long[2:4]),
        (canvas, long[4:]),
    ]


@given(keys, st.from_regex(r"[0-9a-f]{12}", fullmatch=True), st.integers(1, 4), st.integers(1, 5))
def test_a_source_that_comes_or_leaves_changes_the_tars_that_it_lies_in(samples, source, clips, size) -> None:
    """And those that they part into, or are parted from: nothing beyond its own part of all digests."""
    rest = {key: bucket for key, bucket in samples.items() if not key.startswith(source)}
    its = {f"{source}-{number:06d}-0": "784x784" for number in range(clips)}
    with_it, without = tars_of((rest | its).items(), size), tars_of(rest.items(), size)
    made = [held for tar in with_it if tar not in without for held in [tar[1]]]
    left = [held for tar in without if tar not in with_it for held in [tar[1]]]
    assert len(left) <= 1, "what it came into was one tar"
    assert {key for held in made for key in held} == {key for held in left for key in held} | its.keys()


def test_the_inputs_of_a_plan_are_what_they_have_always_been(tmp_path: Path) -> None:
    """Another digest here means that every data set is made again."""
    make_ledger(tmp_path, 120, 10)
    ledger = Ledger(tmp_path)
    plans = {
        leg.name: [(lap.name, lap.items) for lap in leg.laps(ledger)] for leg in legs(Curation(), tmp_path)
    }
    assert plans == {
        "sources": [("000000", 4), ("000001", 4), ("000002", 4)],
        "catalogue": [("000000", 12)],
        "clips": [("000000", 4), ("000001", 4), ("000002", 4)],
        "tracks": [("000000", 40), ("000001", 40), ("000002", 40)],
        "samples": [("000000", 40), ("000001", 40), ("000002", 40)],
        "shards": [
            ("640x960-000000000000-000000-0", 48),
            ("784x784-000000000000-000240-0", 36),
            ("960x640-000000000000-000480-0", 36),
        ],
    }
    tars = legs(Curation(), tmp_path)[-1]
    shards = tars.laps(ledger)
    keys = [f"{source:012x}-{240 * clip:06d}-0" for source in range(12) for clip in (1, 4, 7)]
    wanted = [part for key in keys for part in (key, "1")]
    assert shards[1].inputs == digest(tars.settings, f"784x784/{keys[0]}", *wanted)


def test_a_lap_reads_what_its_plan_says(tmp_path: Path) -> None:
    make_ledger(tmp_path, 80, 10)
    ledger = Ledger(tmp_path)
    laps = {leg.name: leg.laps(ledger) for leg in legs(Curation(), tmp_path)}
    assert [row.uri for row in laps["sources"][1].read(ledger)] == [
        f"/videos/{number:012x}.mp4" for number in range(4, 8)
    ]
    (tar,) = laps["shards"][2].read(ledger)
    assert tar.key == "960x640/000000000000-000480-0"
    assert [sample.key for sample in tar.members] == [
        f"{source:012x}-{240 * clip:06d}-0" for source in range(8) for clip in (2, 5, 8)
    ]


def test_large_sources_come_first(tmp_path: Path) -> None:
    ledger = listing(tmp_path, *(f"/v/fine-{number}" for number in range(5)))
    sizes = {"/v/fine-0": 3, "/v/fine-1": 5, "/v/fine-2": 1, "/v/fine-3": 9, "/v/fine-4": 5}
    house = {leg.name: leg for leg in legs(Curation(), tmp_path)}
    for leg in ("sources", "catalogue"):
        for lap in plans.listed(ledger, house[leg], sources_per_lap=1):
            rows = [
                Source(
                    sha256="0" * 64,
                    num_bytes=sizes[row.uri],
                    key=row.key,
                    uri=row.uri,
                    origin=row.origin,
                )
                for row in lap.read(ledger)
            ]
            ledger.land(lap, [row for row in rows if row.num_bytes != 9 or leg == "sources"], Source, ())
    laps = house["clips"].laps(ledger)
    assert [lap.name for lap in laps] == ["000001", "000004", "000000", "000002", "000003"]
    assert laps[-1].items == 0
