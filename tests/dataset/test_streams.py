"""A data set as plain WebDataset gives it."""

from __future__ import annotations

import io
import itertools
import tarfile
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from dataset.index import read_index
from dataset.reader import Reader
from dataset.streams import webdataset
from media.decode import decode_bytes
from schemas.outcome import DamagedError
from schemas.sample import META, TRACKS, VIDEO
from storage.place import Place


def test_every_sample_of_the_index_once_in_its_order(data_set: Path) -> None:
    rows, reader = read_index(data_set).rows(), Reader(str(data_set), verify=True)
    found = list(webdataset(data_set))
    assert len(webdataset(data_set)) == len(found) == len(rows)
    by_key = {sample["__key__"]: sample for sample in found}
    assert set(by_key) == {row.key for row in rows}
    for row in rows:
        sample, members = by_key[row.key], reader.read(row)
        assert sample[VIDEO] == members[VIDEO]
        assert sample[META]["key"] == row.key
        assert sample[TRACKS]["joints2d"].shape == (row.frames, 16, 2)
        assert sample[TRACKS]["joints2d"].dtype == np.float32


def test_workers_share_the_shards(data_set: Path) -> None:
    shards = {row.shard for row in read_index(data_set).rows()}
    assert len(shards) > 1
    loader = DataLoader(webdataset(data_set), batch_size=None, num_workers=2, multiprocessing_context="fork")
    keys = [sample["__key__"] for sample in loader]
    assert sorted(keys) == sorted(row.key for row in read_index(data_set).rows())


@pytest.mark.usefixtures("cloud")
def test_in_a_store_too(data_set: Path) -> None:
    place = Place.at("s3://bucket/set")
    for path in sorted(data_set.rglob("*")):
        if path.is_file():
            place.write(path.relative_to(data_set).as_posix(), path.read_bytes())
    here = [sample["__key__"] for sample in webdataset(data_set)]
    assert [sample["__key__"] for sample in webdataset("s3://bucket/set")] == here


def test_what_is_no_member_is_not_decoded(own_set: Path, tmp_path: Path) -> None:
    """A pickle in a tar would be run by webdataset's own decoders."""
    row = read_index(own_set).rows()[0]
    bomb = b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR."
    with tarfile.open(own_set / row.shard, "a") as tar:
        for name in (f"{row.key}.pyd", "stranger.video.mp4"):
            member = tarfile.TarInfo(name)
            member.size = len(bomb)
            tar.addfile(member, io.BytesIO(bomb))
    keys = {sample["__key__"]: sample for sample in webdataset(own_set)}
    assert "stranger" not in keys
    assert not any("pyd" in name for sample in keys.values() for name in sample)
    assert not (tmp_path / "ran").exists()


def test_a_damaged_member_ends_in_a_name(own_set: Path) -> None:
    row = read_index(own_set).rows()[0]
    tar = own_set / row.shard
    data = tar.read_bytes()
    at = data.index(b"PK\x03\x04", row.offset)
    tar.write_bytes(data[:at] + b"XX" + data[at + 2 :])
    with pytest.raises(DamagedError):
        list(webdataset(own_set))


def test_maps_and_references_come_decoded_where_they_are_asked_for(data_set: Path) -> None:
    """Maps as they are baked into this set, but for what its encoder made of them."""
    rows = {row.key: row for row in read_index(data_set).rows()}
    for sample in itertools.islice(webdataset(data_set, pictures=True), 3):
        row = rows[sample["__key__"]]
        assert sample["references"].shape == (row.num_references, row.height, row.width, 3)
        assert sample["references"].std() > 1
        for name in ("skeleton", "sphere"):
            baked = decode_bytes(sample[f"{name}.mp4"])
            assert sample[name].shape == baked.shape
            assert np.abs(sample[name].astype(int) - baked).mean() < 3
