"""Children end: by themselves, or at their limit with all that they have started."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from media import sound
from media.child import ChildTimeout, kill, run, started
from media.encode import EncodeError, VideoSettings, video_writer
from schemas.media import SOUND_RATE

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("storage", "media", "dataset", "engine", "pipeline", "model", "jobs")
SETTLE_S = 30.0

WRAPPER = """#!/bin/sh
trap '' TERM INT
sleep 3600 &
echo $! > {mark}
{then}
"""


def wrapper(folder: Path, then: str) -> tuple[Path, Path]:
    """A program that starts another and ignores what is not SIGKILL, and the file where it says which."""
    program, mark = folder / "ffmpeg", folder / "grandchild"
    program.write_text(WRAPPER.format(mark=mark, then=then))
    program.chmod(0o755)
    return program, mark


def gone(mark: Path) -> bool:
    """Whether the process that a wrapper started ends soon."""
    process = int(mark.read_text())
    until = time.monotonic() + SETTLE_S
    while psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def test_what_a_child_gives(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ncat; echo said >&2; exit 3\n")
    program.chmod(0o755)
    done = run([str(program)], 60, b"given")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"given", b"said\n")
    assert run([str(program)], 60).stdout == b""  # nobody types


def test_a_child_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    program, mark = wrapper(tmp_path, "wait")
    with pytest.raises(ChildTimeout, match=r"not come to an end in 1 s"):
        run([str(program)], 1.0)
    assert gone(mark)


def test_a_grandchild_that_holds_the_pipe_is_not_waited_for(tmp_path: Path) -> None:
    program, mark = wrapper(tmp_path, "while [ ! -s %s ]; do :; done" % (tmp_path / "grandchild"))
    with pytest.raises(ChildTimeout):
        run([str(program)], 1.0)
    assert gone(mark)


def test_a_child_is_bounded_beyond_the_life_of_its_parent(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    assert run([str(program), "-i", "x"], 300.0).stdout == b"-i x -timelimit 601\n"


def test_an_encoder_that_reads_nothing_is_killed_with_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, mark = wrapper(tmp_path, "wait")
    monkeypatch.setattr("media.encode.imageio_ffmpeg.get_ffmpeg_exe", lambda: str(program))
    frames = np.zeros((24, 256, 256, 3), np.uint8)
    with (
        pytest.raises(EncodeError, match="killed"),
        video_writer(tmp_path / "out.mp4", 256, 256, VideoSettings(limit_s=1.0)) as write,
    ):
        write(frames)
    assert gone(mark)


def test_a_writer_of_sound_that_hangs_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, mark = wrapper(tmp_path, "wait")
    monkeypatch.setattr("media.encode.imageio_ffmpeg.get_ffmpeg_exe", lambda: str(program))
    monkeypatch.setattr(sound, "LIMIT_S", 1.0)
    with pytest.raises(EncodeError, match="not come to an end"):
        sound.encode_flac(tmp_path / "a.flac", np.zeros(SOUND_RATE, np.int16), 24)
    assert gone(mark)


def test_what_has_ended_is_left_alone() -> None:
    nothing = subprocess.DEVNULL
    with started([sys.executable, "-c", ""], stdin=nothing, stdout=nothing, stderr=nothing) as process:
        process.wait()
        kill(process)
    assert process.returncode == 0


def calls(path: Path) -> list[ast.Call]:
    """Calls of a file that start processes."""
    names = {"Popen", "run", "call", "check_call", "check_output"}
    return [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "subprocess"
    ]


def test_no_child_inherits_its_input_or_has_no_limit() -> None:
    found = [
        (path, call) for floor in FLOORS for path in (ROOT / floor).rglob("*.py") for call in calls(path)
    ]
    assert len(found) >= 3, "the calls are found at all"
    for path, call in found:
        result = {keyword.arg for keyword in call.keywords}
        where = f"{path.relative_to(ROOT)}:{call.lineno}"
        assert "stdin" in result, where
        assert "timeout" in result or ast.unparse(call.func) == "subprocess.Popen", where
