"""What a loader makes of samples, tars and settings that are not fit."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from dataset.index import read_index
from model.data.faults import TooManyUnfit
from model.data.loader import Loader
from tests.model.data import sets
from tests.model.data.drawn import planned, slot_of
from tests.stored import tar_in


def break_video(out: Path, number: int) -> str:
    """Overwrite the middle of a sample's video; its key."""
    row = read_index(out).rows()[number]
    with tarfile.open(out / row.shard) as tar:
        member = tar.getmember(f"{row.key}.video.mp4")
    path = out / row.shard
    data = bytearray(path.read_bytes())
    middle = member.offset_data + member.size // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    return row.key


@pytest.mark.parametrize("workers", [0, 2])
def test_a_bad_sample_stops_the_run_by_its_name(own_set, workers):
    key = break_video(own_set, 5)
    with pytest.raises(
        TooManyUnfit, match=f"1 unfit samples, 0 allowed; the last: {key} in shards/.*wrong_digest"
    ):
        list(Loader(str(own_set), sets.settings(workers=workers, epochs=1)))


@pytest.mark.parametrize("world_size", [1, 3])
def test_bad_samples_are_left_out_and_counted_and_nobody_takes_their_place(own_set, world_size):
    bad = {break_video(own_set, 5), break_video(own_set, 11)}
    settings = sets.settings(max_unfit=4, epochs=2)
    loaders = [Loader(str(own_set), settings, rank=rank, world_size=world_size) for rank in range(world_size)]
    batches = [list(loader) for loader in loaders]
    steps = {len(part) for part in batches}
    assert len(steps) == 1, "no rank is short of a step"
    slots = planned(own_set, settings, range(steps.pop() * world_size))
    got = [slot_of(batch) for step in zip(*batches, strict=True) for batch in step]
    assert got == [tuple(one for one in slot if one[0] not in bad) for slot in slots]
    named = [fault.key for loader in loaders for fault in loader.unfit]
    assert sorted(named) == sorted(key for slot in slots for key, _, _ in slot if key in bad)
    for part in batches:
        for batch in part:
            assert len(batch) == batch.video.shape[0] == batch.drop_pose.shape[0]
            assert len(batch) or batch.faults


def test_more_bad_samples_than_allowed_stop_the_run(own_set):
    for number in (1, 5, 11):
        break_video(own_set, number)
    loader = Loader(str(own_set), sets.settings(max_unfit=2, epochs=1))
    with pytest.raises(TooManyUnfit, match="3 unfit samples, 2 allowed"):
        list(loader)


def test_tars_that_are_missing_or_cut_off_are_named_before_the_first_step(own_set):
    path = tar_in(own_set, "96x144/000001")
    path.write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(ValueError, match=f"shards/96x144/{path.name} ends at byte 2000"):
        Loader(str(own_set), sets.settings())
    loader = Loader(str(own_set), sets.settings(max_unfit=16, epochs=1))
    shown = [key for batch in loader for key in batch.keys]
    assert {fault.reason for fault in loader.unfit} == {"truncated"}
    assert len(shown) + len(loader.unfit) == 16
    path.unlink()
    with pytest.raises(ValueError, match=f"shards/96x144/{path.name} is missing"):
        Loader(str(own_set), sets.settings())


def test_workers_that_do_not_fit_into_memory_are_refused(data_set):
    loader = Loader(str(data_set), sets.settings(workers=200))
    with pytest.raises(ValueError, match=r"200 workers make a batch of up to .* MiB each"):
        next(iter(loader))
