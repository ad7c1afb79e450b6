"""What each checkpoint has seen of whom, told by the order, is what a loader gave out before it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from dataset.index import read_index
from dataset.names import SOURCE_DIGITS, index_copy
from model.data.loader import Loader
from model.train.checkpoint import checkpoints, train_state
from model.train.seen import seen_by
from model.train.settings import Training
from model.train.starts import starts_of
from storage.place import Place
from storage.records import read_as


def given(run: Path, data: Path, checkpoint: Path) -> set[str]:
    """Keys of all batches before a checkpoint."""
    settings = read_as(Training, starts_of(run)[-1].settings, "settings").loader
    loader = Loader(str(data), replace(settings, workers=0))
    state, keys = train_state(checkpoint).loader, set[str]()
    batches = iter(loader)
    while (loader.position.epoch, loader.position.slot) != (state["epoch"], state["slot"]):
        keys.update(next(batches).keys)
    return keys


def test_of_each_source_as_many_samples_as_were_given_out(short_run: Path, data_set: Path) -> None:
    found = checkpoints(short_run)
    assert len(found) > 1
    shown = [given(short_run, data_set, checkpoint) for checkpoint in found]
    for source in sorted({key[:SOURCE_DIGITS] for key in read_index(data_set).values("key").tolist()}):
        told = seen_by(short_run, Place.at(data_set), {source})
        assert [one.samples for one in told] == [
            sum(key.startswith(source) for key in keys) for keys in shown
        ]
    assert len({len(keys) for keys in shown}) > 1, "a later one has seen more"


def test_where_the_index_was_not_kept_nobody_knows(short_run: Path, data_set: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(data_set, tmp_path / "set"))
    (other / index_copy(read_index(other).digest)).unlink()
    told = seen_by(short_run, Place.at(other), {"0" * SOURCE_DIGITS})
    assert {one.samples for one in told} == {None}
