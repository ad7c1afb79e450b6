"""A file's digest is taken once, and again as soon as anything was done to the file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from media.content import sha256_of_file, state_of
from schemas.outcome import Rejected


@pytest.fixture(autouse=True)
def fresh() -> None:
    sha256_of_file.cache_clear()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def in_place(path: Path) -> None:
    """Other bytes of the same number, and the old time set back."""
    facts = path.stat()
    with path.open("r+b") as file:
        file.write(b"54321")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def another(path: Path) -> None:
    """Another file of the same size and time in its place, as copying tools put it."""
    facts = path.stat()
    beside = path.with_name("beside")
    beside.write_bytes(b"54321")
    os.utime(beside, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    beside.replace(path)


def test_a_file_that_is_left_alone_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    assert sha256_of_file(path, state_of(path)) == sha256(b"12345")
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert sha256_of_file(path, state_of(path)) == sha256(b"12345")


@pytest.mark.parametrize("change", [in_place, another])
def test_a_file_that_was_written_is_read_again(tmp_path: Path, change) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    before = state_of(path)
    assert sha256_of_file(path, before) == sha256(b"12345")
    while path.stat().st_ctime_ns == before.ctime_ns:  # the clock of files goes in steps of some milliseconds
        change(path)
    assert sha256_of_file(path, state_of(path)) == sha256(b"54321")


def test_what_is_written_while_it_is_read_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    state = state_of(path)
    digest = hashlib.file_digest

    def slowly(file, name):
        path.write_bytes(b"123456")
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", slowly)
    with pytest.raises(Rejected, match="changed: it was written while it was read"):
        sha256_of_file(path, state)


@pytest.mark.timeout(10)
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    state = state_of(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Rejected, match="not_a_file"):
        state_of(path)
    with pytest.raises(Rejected, match="not_a_file"):
        sha256_of_file(path, state)
