"""Several data sets as one: by their weights, each sample read where it lies, the same for any ranks."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from dataset.index import read_index
from dataset.names import INDEX
from model.data.batch import Batch, tensors
from model.data.loader import Loader
from model.data.mixture import MixedSamples
from model.data.settings import LoaderSettings
from schemas.arrow import encode
from schemas.index import IndexRow
from tests.model.data import sets
from tests.stored import write_shards


@pytest.fixture(scope="module")
def both(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A data set, and another whose samples have the same keys and other bytes; a third of them are left."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "videos").mkdir()
    write_shards(folder / "set", folder / "videos", crf=30)
    rows = list(read_index(folder / "set").rows())[::3]
    pq.write_table(encode(rows, IndexRow), folder / "set" / INDEX)
    return str(data_set), str(folder / "set")


def mixed(*weights: float, **changes: Any) -> LoaderSettings:
    return sets.settings(order=replace(sets.settings().order, weights=weights), **changes)


def batches_of(loader: Loader, count: int) -> list[Batch]:
    return list(itertools.islice(loader, count))


def same(one: Batch, other: Batch) -> bool:
    return one.keys == other.keys and all(
        torch.equal(tensor, getattr(other, name)) for name, tensor in tensors(one).items()
    )


def test_a_row_of_a_mixture_is_that_of_its_data_set(both: tuple[str, str]) -> None:
    first, second = (read_index(root) for root in both)
    found = MixedSamples((first, second))
    assert len(found) == len(first) + len(second)
    for number in (0, len(first) - 1, len(first), len(found) - 1):
        which, inside = (0, number) if number < len(first) else (1, number - len(first))
        assert found.data_set_of(number) == which
        assert found.row(number).sha256 == (first, second)[which].row(inside).sha256
    assert MixedSamples((first,)).digest == first.digest != found.digest


def test_draws_follow_the_weights_and_every_sample_is_read_where_it_lies(both: tuple[str, str]) -> None:
    """The digest of each sample is compared, and the same keys have other bytes in the other set."""
    loader = Loader(both, mixed(1, 3, epochs=2))
    table = loader.order.samples
    drawn = [int(number) for epoch in (0, 1) for number in table.data_set[loader.order.epoch(epoch).row]]
    size = len(loader.drawn.index)
    assert drawn.count(0) == 2 * round(size / 4)
    assert sum(map(len, loader)) == 2 * size
    assert "data set 2" in loader.table()
    plain = Loader(both, sets.settings(epochs=1))
    assert sorted(plain.order.epoch(0).row.tolist()) == list(range(size)), "one pot: each sample once"


def test_one_of_several_alone_is_that_data_set(both: tuple[str, str]) -> None:
    alone, one = (batches_of(Loader(data, sets.settings()), 3) for data in (both[:1], both[0]))
    assert all(map(same, alone, one))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_mixture_goes_on_where_it_stopped_on_other_ranks(both: tuple[str, str], workers: int) -> None:
    whole = batches_of(Loader(both, mixed(1, 1)), 10)
    state = Loader(both, mixed(1, 1))
    batches_of(state, 4)
    ranks = [Loader(both, mixed(1, 1, workers=workers), rank=rank, world_size=2) for rank in (0, 1)]
    for loader in ranks:
        loader.load_state_dict(state.state_dict())
    parts = [batches_of(loader, 3) for loader in ranks]
    rest = [batch for pair in zip(*parts, strict=True) for batch in pair]
    assert all(map(same, rest, whole[4:]))
    with pytest.raises(ValueError, match="another order"):
        Loader(both, mixed(1, 2)).load_state_dict(state.state_dict())
    with pytest.raises(ValueError, match="another order"):
        Loader(both[::-1], mixed(1, 1)).load_state_dict(state.state_dict())


def test_each_holds_out_its_own_and_withdrawn_samples_are_found_in_theirs(
    both: tuple[str, str], own_set: Path
) -> None:
    order = replace(mixed(1, 1).order, held_out=0.25)
    loader = Loader((both[1], str(own_set)), sets.settings(order=order))
    held = loader.drawn.held_out
    assert held is not None
    assert [part.digest for part in held.parts] == [read_index(root).digest for root in loader.roots]
    alone = Loader(str(own_set), sets.settings(order=replace(sets.settings().order, held_out=0.25)))
    assert alone.drawn.held_out is not None
    assert held.parts[1].table.equals(alone.drawn.held_out.parts[0].table)

    before = [read_index(root).digest for root in loader.roots]
    rows = list(read_index(own_set).rows())
    pq.write_table(encode(rows[1:], IndexRow), own_set / INDEX)
    after = Loader((both[0], str(own_set)), mixed(1, 1), indexes=(read_index(both[0]).digest, before[1]))
    assert (after.num_withdrawn, len(after.drawn.present)) == (1, len(read_index(both[0])) + len(rows) - 1)
    assert rows[0].key not in after.drawn.present.parts[1].table["key"].to_pylist()


def test_as_many_weights_as_data_sets(both: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="3 weights for 2 data sets"):
        Loader(both, mixed(1, 1, 1))
    for odd in ((-1, 1), (0, 0), (float("inf"), 1)):
        with pytest.raises(ValueError, match="weights of data sets are 0 or more"):
            mixed(*odd)
