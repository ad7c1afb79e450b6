"""Tars hold each sample once, in order, and a lap's inputs are what they have always been."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline import plan
from pipeline.landing import Ledger, digest
from pipeline.leg import Leg
from pipeline.listing import enlist
from pipeline.plan import PLACES, plan_shards
from schemas.media import Listed
from schemas.sample import Sample
from tests.landings import land_laps, synthetic_sample

keys = st.dictionaries(
    st.from_regex(r"[0-9a-f]{12}-[0-9]{6}-0", fullmatch=True), st.sampled_from(["784x784", "1024x592"])
)


def tars_of(samples: Iterable[tuple[str, str]], size: int) -> list[tuple[str, int, tuple[str, ...]]]:
    rows = [(key, bucket, "000000") for key, bucket in samples]
    table = pa.table(list(map(list, zip(*rows, strict=True))) or [[], [], []], schema=PLACES)
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
