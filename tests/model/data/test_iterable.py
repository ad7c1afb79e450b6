"""The loader where a trainer wants PyTorch's own class."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from model.data.loader import Loader
from tests.model.data import sets


def test_it_is_one_and_gives_the_same_batches_through_pytorchs_loader(data_set: Path) -> None:
    own = [batch.keys for batch in islice(Loader(str(data_set), sets.settings()), 3)]
    loader = Loader(str(data_set), sets.settings())
    assert isinstance(loader, IterableDataset)
    wrapped = DataLoader(loader, batch_size=None)
    assert [batch.keys for batch in islice(wrapped, 3)] == own
    assert loader.position.slot == 3, "the state is where the batches have come to"


def test_its_length_is_what_is_left(data_set: Path) -> None:
    loader = Loader(str(data_set), sets.settings(epochs=1))
    steps = len(loader)
    assert steps == len(DataLoader(loader, batch_size=None)) == loader.steps
    next(iter(loader))
    assert len(loader) == steps - 1
    assert loader


def test_without_an_end_it_has_no_length(data_set: Path) -> None:
    loader = Loader(str(data_set), sets.settings(epochs=None))
    with pytest.raises(TypeError, match="no end"):
        len(loader)
    assert loader


def test_workers_of_another_loader_are_refused(data_set: Path) -> None:
    loader = Loader(str(data_set), sets.settings())
    wrapped = DataLoader(loader, batch_size=None, num_workers=1, multiprocessing_context="fork")
    with pytest.raises(RuntimeError, match=r"DataLoader\(loader, batch_size=None\)"):
        next(iter(wrapped))
    assert get_worker_info() is None
