"""Files on disk: whole, and there for good once they have their names."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from storage.disk import cache_folder, replacing


def test_file_and_folder_are_on_the_disk_before_a_write_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, list[str]]] = []

    def fsync(handle: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        synced.append((is_folder, [path.name for path in tmp_path.iterdir() if path.name == "x"]))

    monkeypatch.setattr("storage.disk.os.fsync", fsync)
    with replacing(tmp_path / "x") as file:
        file.write(b"whole")
    assert synced == [(False, []), (True, ["x"])], "the bytes before the name, the name before the end"


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    file = replacing(tmp_path / "x")
    file.__enter__().write(b"new")
    assert not file.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_caches_lie_where_the_user_says_or_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder({"XDG_CACHE_HOME": "/caches"}) == Path("/caches/understudy")
    for unset in ({}, {"XDG_CACHE_HOME": ""}):
        assert cache_folder(unset) == tmp_path / ".cache/understudy"
