"""A Ray that starts, one that does not, one that does not answer; and that children of its workers end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from engine.runners.ray import connection
from engine.runners.ray.connection import BEGIN, OURS, NoRay, connected
from tests.processes import execute

ALONE = {
    "address": "local",
    "object_store_memory": 128 * 2**20,
    "include_dashboard": False,
    "runtime_env": BEGIN,
}


class FakeRay:
    """Starts as often as told, after the troubles that it is given; says what it was asked."""

    def __init__(self, session: Path, *troubles: BaseException | Event) -> None:
        self.session, self.troubles, self.asked = session, list(troubles), list[Any]()

    def is_initialized(self) -> bool:
        return False

    def init(self, **where: Any) -> Any:
        self.asked.append({name: where[name] for name in where.keys() - {"logging_level", "log_to_driver"}})
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, Event):
            trouble.wait(60)
        elif trouble is not None:
            raise trouble
        self.session.mkdir(parents=True, exist_ok=True)
        return SimpleNamespace(address_info={"session_dir": str(self.session)})

    def shutdown(self) -> None:
        self.asked.append("shutdown")


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return tmp_path / "ray" / "session_now_1"


def fake(monkeypatch: pytest.MonkeyPatch, session: Path, *troubles: BaseException | Event) -> FakeRay:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    ray = FakeRay(session, *troubles)
    monkeypatch.setattr(connection, "ray", ray)
    return ray


def test_one_that_starts_is_ended_and_swept(monkeypatch: pytest.MonkeyPatch, session: Path) -> None:
    ray = fake(monkeypatch, session)
    with connected(None):
        assert ray.asked == [ALONE]
        assert session.is_dir()
    assert ray.asked == [ALONE, "shutdown"]
    assert not session.exists()


def test_one_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch, session: Path) -> None:
    ray = fake(monkeypatch, session, RuntimeError("the raylet died"))
    with connected(None):
        assert ray.asked == [ALONE, "shutdown", ALONE]


def test_one_that_fails_twice_is_given_up(monkeypatch: pytest.MonkeyPatch, session: Path) -> None:
    fake(monkeypatch, session, RuntimeError("first"), SystemExit("no room\nfor anything"))
    with pytest.raises(NoRay, match=r"^Ray does not start on this machine: no room$"), connected(None):
        pass
    fake(monkeypatch, session, ConnectionError("first"), ConnectionError("nobody there"))
    sentence = r"^no Ray cluster answers at 1.2.3.4:5: nobody there$"
    with pytest.raises(NoRay, match=sentence), connected("1.2.3.4:5"):
        pass


def test_one_that_says_nothing_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch, session: Path) -> None:
    silent = Event()
    fake(monkeypatch, session, silent)
    began = time.monotonic()
    with pytest.raises(NoRay, match="nothing has come of it in 0 s"), connected(None, limit_s=0.2):
        pass
    silent.set()
    assert time.monotonic() - began < 30


def test_of_a_cluster_nothing_is_swept(monkeypatch: pytest.MonkeyPatch, session: Path) -> None:
    ray = fake(monkeypatch, session)
    with connected("1.2.3.4:5"):
        assert ray.asked == [{"address": "1.2.3.4:5", "runtime_env": BEGIN}]
    assert session.is_dir()


def test_what_killed_runs_left_is_swept_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, session: Path
) -> None:
    left, theirs = session.with_name("session_before_2"), session.with_name("session_of_others_3")
    for folder in (left, theirs):
        (folder / "logs").mkdir(parents=True)
    (left / OURS).touch()
    session.with_name("session_latest").symlink_to(left)
    fake(monkeypatch, session)
    with connected(None):
        assert not left.exists()
        second = session.with_name("session_second_4")
        fake(monkeypatch, second)
        with connected(None):
            pass
        assert session.is_dir(), "a run that lives keeps its folder"
    assert list(session.parent.iterdir()) == [theirs]


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of a server that takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


COMMAND = """
import sys
from jobs import cli
from engine.runners.ray.connection import connected
def run(console):
    with connected(sys.argv[1], limit_s=3.0):
        raise AssertionError("nobody answers")
sys.exit(cli.ended(run, "nothing was changed"))
"""


def test_a_real_one_that_says_nothing_ends_the_command(mute: str) -> None:
    done = execute(sys.executable, "-c", COMMAND, mute)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"understudy: no Ray cluster answers at {mute}: nothing has come of it in 3 s"
    )


ENCODES = """
import json, os, signal, sys, tempfile, time
from pathlib import Path
from engine.runners.ray.loopback import keep_to_loopback
keep_to_loopback(os.environ, None)
import numpy as np
import ray
from engine.runners.ray.connection import connected
from media.child import ChildTimeout, run
from media.encode import VideoSettings, write_video
from media.sound import encode_flac

class Encoder:
    def films(self, count):
        for number in range(count):
            with tempfile.TemporaryDirectory() as folder:
                frames = np.full((9, 64, 64, 3), number, np.uint8)
                write_video(Path(folder) / "a.mp4", [frames, frames], VideoSettings(limit_s=60.0))
                encode_flac(Path(folder) / "a.flac", np.zeros(16_000, np.int16), 24)
        return count

    def hangs(self):
        began = time.monotonic()
        try:
            run(["sh", "-c", "trap '' TERM; sleep 3600 & wait"], 1.0)
        except ChildTimeout:
            return time.monotonic() - began

before = signal.getsignal(signal.SIGTERM)
with connected(None):
    encoder = ray.remote(Encoder).remote()
    said = {
        "films": ray.get(encoder.films.remote(20), timeout=200),
        "hung_s": ray.get(encoder.hangs.remote(), timeout=60),
        "sigterm": signal.getsignal(signal.SIGTERM) == before,
        "folders": len(os.listdir(Path(tempfile.gettempdir()) / "ray")),
    }
said["left"] = os.listdir(Path(tempfile.gettempdir()) / "ray")
print("said", json.dumps(said))
"""


@pytest.mark.timeout(400)
def test_encoders_below_a_worker_of_ray_come_to_an_end() -> None:
    home = tempfile.mkdtemp(prefix="us-")  # short: Ray's sockets lie below it
    try:
        done = execute(sys.executable, "-c", ENCODES, env={**os.environ, "TMPDIR": home})
    finally:
        shutil.rmtree(home, ignore_errors=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("said ")]
    assert len(lines) == 1, done.stderr
    content = json.loads(lines[0].removeprefix("said "))
    assert content["films"] == 20
    assert 1.0 <= content["hung_s"] < 60.0
    assert content["sigterm"], "Ray leaves signals as they are"
    assert (content["folders"], content["left"]) == (2, [])
