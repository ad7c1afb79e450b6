"""Regular files are opened, through links; nothing else is, and nobody waits."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from storage.regular_file import NotAFileError, open_regular


def test_a_file_is_opened_through_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    with open_regular(tmp_path / "b") as file:
        assert file.read() == b"abc"
        assert file.name == str(tmp_path / "b")


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "device").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "device", "socket", "folder"):
        with pytest.raises(NotAFileError, match=f"a (?i:{name}); only regular files"):
            open_regular(tmp_path / name)


def test_a_fifo_that_takes_the_place_of_a_file_at_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_bytes(b"")
    seen = (tmp_path / "file").stat()
    monkeypatch.setattr(Path, "stat", lambda _: seen)
    with pytest.raises(NotAFileError, match="a FIFO"):
        open_regular(tmp_path / "fifo")


def test_what_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "nothing")
