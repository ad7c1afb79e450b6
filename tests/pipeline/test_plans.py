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


def tars_of(samples: Iterable[tuple[str, str]], size: int) -> list[tuple[str, int, tuple[str, ...]]]:
    rows = [
        {"key": key, "width": int(width), "height": int(height), "lap": 0}
        for key, bucket in samples
        for width, height in [bucket.split("x")]
    ]
    table = pa.Table.from_pylist(rows, schema=PLACES)
    return [
        (bucket, number, tuple(held["key"].to_pylist())) for bucket, number, held in plan_shards(table, size)
    ]


@given(keys, st.integers(1, 5))
def test_each_sample_is_in_one_tar_of_its_bucket(samples: dict[str, str], size: int) -> None:
    tars = tars_of(samples.items(), size)
    assert sorted(key for _, _, held in tars for key in held) == sorted(samples)
    for bucket, _, held in tars:
        assert {samples[key] for key in held} == {bucket}
        assert 1 <= len(held) <= size
        assert list(held) == sorted(held)


@given(keys, st.integers(1, 5), st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_landing(samples, size, random) -> None:
    shuffled = list(samples.items())
    random.shuffle(shuffled)
    assert tars_of(shuffled, size) == tars_of(samples.items(), size)


def test_tars_are_numbered_within_their_bucket() -> None:
    tars = tars_of([("b", "784x784"), ("a", "784x784"), ("c", "1024x592")], 1)
    assert tars == [("1024x592", 0, ("c",)), ("784x784", 0, ("a",)), ("784x784", 1, ("b",))]


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
        "shards": [("640x960-000000", 48), ("784x784-000000", 36), ("960x640-000000", 36)],
    }
    tars = legs(Curation(), tmp_path)[-1]
    shards = tars.laps(ledger)
    contents = {
        name: landed.content for name in ledger.names("samples") if (landed := ledger.landed("samples", name))
    }
    keys = [f"{source:012x}-{240 * clip:06d}-0" for source in range(12) for clip in (1, 4, 7)]
    wanted = [part for key in keys for part in (key, contents[f"{int(key[:12], 16) // 4:06d}"])]
    assert shards[1].inputs == digest(tars.settings, "784x784/000000", *wanted)


def test_a_lap_reads_what_its_plan_says(tmp_path: Path) -> None:
    make_ledger(tmp_path, 80, 10)
    ledger = Ledger(tmp_path)
    laps = {leg.name: leg.laps(ledger) for leg in legs(Curation(), tmp_path)}
    assert [row.uri for row in laps["sources"][1].read(ledger)] == [
        f"/videos/{number:012x}.mp4" for number in range(4, 8)
    ]
    (tar,) = laps["shards"][2].read(ledger)
    assert tar.key == "960x640/000000"
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
                    licence=row.licence,
                    domain=row.domain,
                )
                for row in lap.read(ledger)
            ]
            ledger.land(lap, [row for row in rows if row.num_bytes != 9 or leg == "sources"], Source, ())
    laps = house["clips"].laps(ledger)
    assert [lap.name for lap in laps] == ["000001", "000004", "000000", "000002", "000003"]
    assert laps[-1].items == 0
