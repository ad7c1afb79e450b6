"""A full disk is told by its place, whoever noticed it."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
import torch

from media.encode import failure
from storage import weight_files
from storage.disk import replacing
from storage.place import Place
from storage.scratch import workplace
from storage.space import NoSpace, reporting_no_space
from storage.weight_files import write_weights

FREE = r"\d+ MiB of \d+ MiB are free"


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_place_and_room_are_told(code: int, tmp_path: Path) -> None:
    sentence = f"{os.strerror(code)}, {FREE}: '{tmp_path}'$"
    with pytest.raises(NoSpace, match=sentence) as caught, reporting_no_space(tmp_path):
        raise OSError(code, os.strerror(code))
    assert caught.value.errno == code
    free, total = map(int, re.findall(r"(\d+) MiB", str(caught.value)))
    assert 0 <= free <= total


def test_other_errors_and_other_disks_are_left_alone(tmp_path: Path) -> None:
    for error in (
        PermissionError(errno.EACCES, "no", str(tmp_path)),
        OSError("in words"),
        OSError(errno.ENOSPC, "full", "/elsewhere/file"),
        NoSpace(errno.ENOSPC, "told", str(tmp_path)),
    ):
        with pytest.raises(OSError) as caught, reporting_no_space(tmp_path):  # noqa: PT011  whichever
            raise error
        assert caught.value is error


def test_a_file_of_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoSpace, match=f"{FREE}: '{tmp_path}'"), replacing(tmp_path / "a") as file:
        full(file.write(b"half"))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("storage.disk.os.fsync", full)
    with pytest.raises(OSError, match=f"{FREE}: '{tmp_path}'"):
        Place.at(tmp_path).write("a", b"whole")


def test_what_is_written_aside() -> None:
    with pytest.raises(NoSpace, match="understudy-"), workplace():
        full()


def test_what_ffmpeg_writes(tmp_path: Path) -> None:
    error = failure(tmp_path / "a.mp4", 1, b"av_interleaved_write_frame(): No space left on device\n", 1.0)
    assert isinstance(error, NoSpace)
    assert error.filename == str(tmp_path)


def test_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import safetensors

    def save(*_: object) -> None:
        raise safetensors.SafetensorError(
            "Error while serializing: I/O error: No space left on device (os error 28)"
        )

    monkeypatch.setattr(weight_files, "save_file", save)
    with pytest.raises(NoSpace, match=f"{FREE}: '{tmp_path}/weights'"):
        write_weights(tmp_path / "weights", [("a", torch.zeros(1))])
