"""Scratch space goes with its process, whatever ends it, and never while the process lives."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from jobs.cli import main
from storage.scratch import scratch, take, workplace
from tests.processes import program


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_folders_are_apart_and_gone_afterwards() -> None:
    with workplace() as one, workplace() as other:
        (one / "a").write_bytes(b"1")
        assert list(other.iterdir()) == []
    assert list(scratch("work").iterdir()) == []


def test_an_error_takes_the_folder_too() -> None:
    with suppress(KeyboardInterrupt), workplace() as folder:
        (folder / "a").write_bytes(b"1")
        raise KeyboardInterrupt
    assert list(scratch("work").iterdir()) == []


def test_what_a_killed_process_left_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom storage.scratch import workplace\n"
        "with workplace() as folder:\n    (folder / 'a').write_bytes(b'1')\n"
        "    print(folder, flush=True)\n    sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with program(sys.executable, "-c", code, env={"TMPDIR": str(tmp_path)}, **pipes) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        assert folder.is_relative_to(tmp_path)
        with workplace():
            assert (folder / "a").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (folder / "a").exists()
    with workplace():
        assert not folder.exists()


def test_a_folder_may_go_while_others_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    home = scratch("work")
    for name in ("goes", "left"):
        (home / name).mkdir()

    def late(path: Path, how: int) -> int:
        if path.name == "goes":
            path.rmdir()  # its own process was quicker
        return take(path, how)

    monkeypatch.setattr("storage.scratch.take", late)
    with workplace() as folder:
        assert list(home.iterdir()) == [folder]


def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir()
    home = scratch("work").parent
    (home / "work").rmdir()
    home.rmdir()
    home.symlink_to(tmp_path / "trap")
    with pytest.raises(PermissionError, match="another user's"):
        scratch("work")


@pytest.mark.parametrize("name", ["TMPDIR", "TEMP", "TMP"])
def test_a_folder_for_temporary_files_that_is_not_there_is_said(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    for other in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(other, raising=False)
    file = tmp_path / "file"
    file.touch()
    for lost in (tmp_path / "none", file):
        monkeypatch.setenv(name, str(lost))
        sentence = f"{name} is '{lost}', no folder that can be written: make it, or set another"
        with pytest.raises(OSError, match=sentence), workplace():
            pass
        assert main(["estimate-cost", "--hours", "1", "--machines", "cpu=1x1"]) == 2
        assert capsys.readouterr().err == f"understudy: {sentence}\n"
    monkeypatch.setenv(name, str(tmp_path))
    with workplace():
        pass
