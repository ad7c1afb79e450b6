from __future__ import annotations

import tarfile
from dataclasses import replace

import pytest
import webdataset

from dataset.index import read_index
from dataset.reader import Reader, Stretch
from dataset.tar import sample_digest
from model.data.prefetch import Prefetcher, Stored
from schemas.index import IndexRow
from schemas.outcome import UnfitError
from tests.stored import tar_in


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # webdataset never closes a file
def test_members_are_those_that_tarfile_and_webdataset_find(data_set):
    reader = Reader(str(data_set), verify=True)
    by_webdataset = {}
    for path in sorted((data_set / "shards").rglob("*.tar")):
        for sample in webdataset.WebDataset(str(path), shardshuffle=False, empty_check=False):
            by_webdataset[sample["__key__"]] = {k: v for k, v in sample.items() if not k.startswith("__")}
    for row in read_index(data_set).rows():
        members = reader.read(row)
        with tarfile.open(data_set / row.shard) as tar:
            found = {
                entry.name.removeprefix(f"{row.key}."): tar.extractfile(entry).read()  # type: ignore[union-attr]
                for entry in tar
                if entry.name.startswith(f"{row.key}.")
            }
        assert members == found == by_webdataset[row.key]
        assert sample_digest(row.key, members) == row.sha256


def test_few_tars_are_held_open(data_set, monkeypatch):
    monkeypatch.setattr("dataset.reader.MAX_OPEN", 2)
    reader = Reader(str(data_set), verify=True)
    for row in [*read_index(data_set).rows(), *read_index(data_set).rows()]:
        reader.read(row)
    assert len(reader.files) == 2


def fault(out, row: IndexRow, *, verify: bool = True) -> UnfitError:
    with pytest.raises(UnfitError) as caught:
        Reader(str(out), verify=verify).read(row)
    return caught.value


def test_damage_is_named(own_set):
    rows = {row.shard: row for row in read_index(own_set).rows()}  # the last of each tar, by key
    row = rows[tar_in(own_set, "96x144/000000").relative_to(own_set).as_posix()]
    path = own_set / row.shard
    whole = path.read_bytes()

    path.write_bytes(whole[: row.offset + 600])
    cut = fault(own_set, row)
    assert cut.reason == "truncated"
    assert f"{row.shard} ends at byte {row.offset + 600}" in cut.detail

    path.write_bytes(whole[: row.offset] + bytes(512) + whole[row.offset + 512 :])
    assert fault(own_set, row).reason == "damaged_tar"

    place = row.offset + row.size - 1024
    path.write_bytes(whole[:place] + b"!" + whole[place + 1 :])
    assert fault(own_set, row).reason == "wrong_digest"
    Reader(str(own_set), verify=False).read(row)

    path.write_bytes(whole)
    assert fault(own_set, replace(row, offset=row.offset + 512)).reason == "damaged_tar"
    assert fault(own_set, replace(row, key="another")).reason == "damaged_tar"
    assert fault(own_set, replace(row, size=row.size - 512)).reason in ("damaged_tar", "wrong_digest")

    path.unlink()
    assert fault(own_set, row).reason == "missing_shard"


def test_links_are_no_members(own_set):
    row = read_index(own_set).rows()[0]
    info = tarfile.TarInfo(f"{row.key}.video.mp4")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path = own_set / row.shard
    whole = path.read_bytes()
    path.write_bytes(whole[: row.offset] + info.tobuf() + whole[row.offset + 512 :])
    assert fault(own_set, row).reason == "damaged_tar"


class Counting(Reader):
    """Remembers what was read."""

    def __init__(self, root: str) -> None:
        super().__init__(root, verify=True)
        self.log: list[str] = []

    def read(self, row: Stretch) -> dict[str, bytes]:
        self.log.append(row.key)
        return super().read(row)


def test_what_is_expected_is_fetched_once_and_within_bounds(data_set):
    rows = [Stored(0, row) for row in read_index(data_set).rows()]
    reader = Counting(str(data_set))
    ahead = Prefetcher([reader], max_bytes=sum(at.row.size for at in rows[:3]))
    ahead.expect(rows[:6])
    assert sum(size for size, _ in ahead.coming.values()) <= ahead.max_bytes
    for at in rows[:6]:
        assert sample_digest(at.row.key, ahead.take(at)) == at.row.sha256
    assert sorted(reader.log) == sorted(at.row.key for at in rows[:6])
    ahead = Prefetcher([reader], 2**30)
    ahead.expect(rows[6:8])
    ahead.expect(rows[7:9])
    assert set(ahead.coming) == {at.name for at in rows[7:9]}, "what is no longer expected is forgotten"


def test_a_bad_sample_fails_where_it_is_taken(own_set):
    rows = [Stored(0, row) for row in read_index(own_set).rows()]
    (own_set / rows[0].row.shard).unlink()
    ahead = Prefetcher([Reader(str(own_set), verify=True)], 2**30)
    ahead.expect(rows)
    with pytest.raises(UnfitError, match="missing_shard"):
        ahead.take(rows[0])
    good = next(at for at in rows if at.row.shard != rows[0].row.shard)
    assert ahead.take(good)


def test_the_index_and_the_tars_may_lie_behind_a_uri(data_set):
    root = data_set.as_uri()
    row = read_index(root).row(3)
    assert Reader(root, verify=True).read(row)
