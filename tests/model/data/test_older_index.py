"""A training that began on an older index: its order, read where the newest index says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dataset.index import read_index
from dataset.names import INDEX
from model.data.loader import Loader
from schemas.arrow import encode
from schemas.index import IndexRow
from tests.model.data import sets
from tests.model.data.drawn import planned, slot_of


def rewritten(out: Path, *without: int) -> tuple[str, list[IndexRow]]:
    """The digest of the set's index, and the rows of a next one that lacks some, its tars elsewhere."""
    before = read_index(out)
    rows = [row for number, row in enumerate(before.rows()) if number not in without]
    for shard in {row.shard for row in rows}:
        (out / shard).rename(out / shard.replace("/0000", "/0001"))
    moved = [replace(row, shard=row.shard.replace("/0000", "/0001")) for row in rows]
    pq.write_table(encode(moved, IndexRow), out / INDEX)
    return before.digest, moved


@pytest.mark.parametrize("workers", [0, 2])
def test_samples_come_in_the_order_that_was_from_where_they_lie_now(own_set: Path, workers: int) -> None:
    settings = sets.settings(workers=workers, epochs=2)
    wanted = planned(own_set, settings, range(len(Loader(str(own_set), settings))))
    gone = read_index(own_set).row(5).key
    digest, _ = rewritten(own_set, 5)
    loader = Loader(str(own_set), settings, indexes=(digest,))
    got = [slot_of(batch) for batch in loader]
    assert got == [tuple(one for one in slot if one[0] != gone) for slot in wanted]
    assert (loader.num_withdrawn, loader.unfit) == (1, [])
    assert gone not in loader.drawn.present.parts[0].values("key")


def test_a_slot_whose_samples_are_all_withdrawn_is_an_empty_batch_of_its_shape(own_set: Path) -> None:
    settings = sets.settings(epochs=1)
    keys = {key for key, _, _ in planned(own_set, settings, range(1))[0]}
    numbers = [number for number, row in enumerate(read_index(own_set).rows()) if row.key in keys]
    whole = next(iter(Loader(str(own_set), settings)))
    digest, _ = rewritten(own_set, *numbers)
    first = next(iter(Loader(str(own_set), settings, indexes=(digest,))))
    assert len(first) == 0
    assert first.video.shape[1:] == whole.video.shape[1:]


def test_a_sample_that_is_longer_by_now_is_withdrawn(own_set: Path) -> None:
    digest, rows = rewritten(own_set)
    pq.write_table(
        encode([replace(rows[0], frames=rows[0].frames + 4), *rows[1:]], IndexRow), own_set / INDEX
    )
    assert Loader(str(own_set), sets.settings(epochs=1), indexes=(digest,)).num_withdrawn == 1


def test_held_out_sources_stay_those_of_the_order(own_set: Path) -> None:
    settings = sets.settings(order=replace(sets.settings().order, held_out=0.25))
    before = Loader(str(own_set), settings).drawn.held_out
    assert before is not None
    digest, _ = rewritten(own_set, 0)
    after = Loader(str(own_set), settings, indexes=(digest,)).drawn.held_out
    assert after is not None
    kept = {row.key for row in before.parts[0].rows()} - {read_index(own_set, digest=digest).row(0).key}
    assert {row.key for row in after.parts[0].rows()} == kept
