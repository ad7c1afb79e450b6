"""Every command under a hostile name: what it prints, byte by byte, does nothing to a terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.cli import main

ROOT = Path(__file__).resolve().parents[2]
FORGED = "understudy: all is well"
NAME = f"[red]a[/b]\x1b[2J\x1b]0;x\x07\u202e\x9b1A\u2028\r\n{FORGED}"
"""Markup with a slash (so it is two folders), escape sequences of 7 and 8 bits, a bell, a turn, new lines."""
NO_TEXT = f"{NAME}\udcff"
"""A byte that is no text, too: as Python names files of Latin-1."""


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is broken by its length: a new line is one that was printed."""
    monkeypatch.setenv("COLUMNS", "2000")


def refuse_obeyed(shown: bytes) -> str:
    """The text, where nothing in it moves a cursor, turns a line, or begins one."""
    text = shown.decode()
    assert not re.findall(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text
    )
    assert not [line for line in text.split("\n") if line.startswith(FORGED)]
    return text


class Shown:
    """Runs commands and keeps what they print, on both streams and below Python."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self.capture = capture

    def __call__(self, *args: str | Path) -> tuple[int, str]:
        self.capture.readouterr()
        try:
            code = int(main([str(arg) for arg in args]))
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = self.capture.readouterr()
        text = refuse_obeyed(out) + refuse_obeyed(err)
        assert args[0] == "replay" or "Traceback" not in text, text
        return code, text


@pytest.fixture
def shown(capfdbinary: pytest.CaptureFixture[bytes]) -> Shown:
    return Shown(capfdbinary)


@pytest.fixture
def hostile(tmp_path: Path, data_set: Path) -> Path:
    """A data set in a folder of a hostile name."""
    return Path(shutil.copytree(data_set, tmp_path / NAME))


def test_a_job_on_hostile_files_and_its_replay(shown: Shown, tmp_path: Path) -> None:
    videos, out = tmp_path / NAME / "videos", tmp_path / NAME / "set"
    videos.mkdir(parents=True)
    last = Path(NAME).name
    for content, name in enumerate((f"{last}.mp4", f"{last}\udcff.mp4", f"x.{last}")):
        (videos / name).write_bytes(b"no video %d" % content)
    code, text = shown("curate", "--videos", videos, "--out", out)
    assert code == 1
    assert r"b]\x1b[2J\x1b]0;x\x07\u202e\x9b1A\u2028\r\nunderstudy: all is well/set/index.parquet" in text
    assert shown("curate", "--videos", videos, "--out", out)[0] == 1
    assert shown("status", out)[0] == 0
    shown("check", out)
    shown("check", out, "--quick")
    from engine.ledger import Ledger

    ledger = Ledger(out)
    keys = {
        row["key"]
        for leg in ("sources", "clips")
        for name in ledger.names(leg)
        for row in ledger.rejects(leg, name).to_pylist()
    }
    assert len(keys) == 2
    for key in keys:
        code, text = shown("replay", out, key)
        assert code == 1
        assert "rejected again" in text
        assert r"\x1b[2J" in text


def test_commands_that_read_a_data_set(shown: Shown, hostile: Path, tmp_path: Path) -> None:
    order = [
        "--loader.order.max-tokens",
        "1500",
        "--loader.order.mixed-shards",
        "2",
        "--loader.order.alike",
        "2",
    ]
    made = tmp_path / "made" / NAME
    assert shown("preview", hostile, "--out", made, "--samples", "1")[0] == 0
    shard = next(hostile.glob("shards/*/*.tar"))
    shard.write_bytes(bytes(shard.stat().st_size))
    shown("check", hostile, "--quick")
    shown("show", hostile, "--picture", made / "batch.png", *order)


@pytest.mark.parametrize("name", [NAME, NO_TEXT], ids=["text", "no text"])
@pytest.mark.parametrize(
    "command",
    [
        "curate --videos {} --out {}/set",
        "curate --videos s3://bucket/{} --out {}/set",
        "curate --videos {}.csv --out {}/set",
        "curate --videos . --out {}/set --retry {} --settings.sources-per-lap {}",
        "check {}",
        "preview {} --out {}",
        "status {}",
        "replay {} {}",
        "encode {} --out {}/latents",
        "encode {} --out {}/latents --vae {}",
        "show {} --picture {}/x.png",
        "estimate-cost --hours 1 --machines {}",
        "estimate-cost --hours 1 --machines {}=1x1",
        "estimate-cost --hours 1 --machines cpu=1x1 --measured {}",
        "doctor --backends.appearance:open-clip --backends.appearance.weights {}",
        "train --data {} --out {}/run",
        "train --data . --out {}/run --recipe {}",
        "animate --run {} --reference {}.png --driving {}.mp4 --out {}/x.mp4",
        "animate --run {} --reference {}.png --speech {}.wav --out {}.mp4",
        "estimate-training --recipe {}",
        "{}",
        "curate {} --{} {}",
    ],
)
def test_what_cannot_be_used(
    shown: Shown, name: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, text = shown(*(word.replace("{}", name) for word in command.split()))
    assert r"\x1b[2J" in text


def test_the_demo(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jobs.demo", "--out", tmp_path / NAME, "--videos", tmp_path / NO_TEXT],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "2000"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert r"\x1b[2J" in refuse_obeyed(done.stdout) + refuse_obeyed(done.stderr)
