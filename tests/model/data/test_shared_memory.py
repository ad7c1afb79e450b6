"""What workers share has a size: told before the first step, not by a bus error in it."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from model.data.loader import Loader, batches_ahead
from model.data.shared_memory import SharedMemory, shared_memory
from tests.model.data import sets

MIB = 2**20


@pytest.mark.parametrize(
    ("free", "size", "ranks", "workers", "each"),
    [
        (1000, 1000, 1, 4, 24),  # of 10 MiB: 100, 2 of them in use
        (60, 1000, 1, 4, 1),
        (100, 1000, 1, 4, 2),
        (1000, 1000, 8, 4, 2),  # each rank has 125
        (500, 1000, 8, 10, 1),  # the others already use theirs
    ],
)
def test_batches_that_fit(free: int, size: int, ranks: int, workers: int, each: int) -> None:
    assert SharedMemory(free=free * MIB, size=size * MIB, ranks=ranks).batches_each(10 * MIB, workers) == each


@pytest.mark.parametrize(("free", "size", "ranks"), [(59, 1000, 1), (59, 59, 1), (1000, 8 * 60 - 1, 8)])
def test_too_small_is_one_sentence_with_the_sizes(free: int, size: int, ranks: int) -> None:
    sentence = (
        rf"^shared memory is too small: /dev/shm has {size} MiB, {free} MiB of them free, for {ranks} ranks "
        r"of this machine; 4 workers need 60 MiB a rank, for 6 batches of up to 10 MiB\. .*--shm-size"
    )
    with pytest.raises(ValueError, match=sentence):
        SharedMemory(free=free * MIB, size=size * MIB, ranks=ranks).batches_each(10 * MIB, 4)


def test_the_room_of_a_machine(tmp_path: Path) -> None:
    facts = os.statvfs(tmp_path)
    found = shared_memory({"LOCAL_WORLD_SIZE": "8"}, tmp_path)
    assert found is not None
    assert (found.size, found.ranks) == (facts.f_blocks * facts.f_frsize, 8)
    assert 0 < found.free <= found.size
    assert shared_memory({}, tmp_path / "none") is None


def test_a_loader_asks_before_its_first_step(data_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(mib: int) -> None:
        facts = SimpleNamespace(f_bavail=mib, f_blocks=mib, f_frsize=MIB)
        monkeypatch.setattr(os, "statvfs", lambda _: facts)

    loader = Loader(str(data_set), sets.settings(workers=2, batches_ahead_mib=2**20))
    largest = -(-loader.order.largest_bytes(0, baked=False) // MIB)
    shown(4 * largest)
    assert batches_ahead(loader) == 1
    shown(6 * largest)
    assert batches_ahead(loader) == 2
    shown(largest)
    with pytest.raises(ValueError, match="shared memory is too small"):
        next(iter(loader))
    assert len(next(iter(Loader(str(data_set), sets.settings())))) > 0
