"""Latents of the data set, encoded by the command, and what is read of them."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from dataset.names import RUN, RUNNING
from jobs.commands.replay import Replay
from jobs.commands.replay import replay as run_replay


def command(data: Path, out: Path | str, *more: str) -> list[str]:
    rule = ["--window.variants", "2", "--window.max-frames", "33", "--max-tokens", "1500"]
    return ["encode", str(data), "--out", str(out), *rule, *more]


def stored(latents: Path) -> dict[Path, bytes]:
    """What lies there, but for what the run says of itself."""
    return {
        path: path.read_bytes()
        for path in latents.rglob("*")
        if path.is_file() and path.name not in {RUN, RUNNING}
    }


def replayed(out: Path, key: str) -> tuple[int, str]:
    """How a replay ends, and what it says."""
    console = Console(file=io.StringIO(), width=200)
    code = run_replay(Replay(out=str(out), key=key), console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()
