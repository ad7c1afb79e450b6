"""Trainers killed at seeded moments, and whether they learn what an undisturbed one does.

    python -m benchmarks.killed DATA [KILLS]

DATA is a data set. A tiny network, phase after phase, a checkpoint every second step, written while the next
steps are taken. An attempt is killed by SIGKILL a seeded moment after a seeded number of its steps, and the
next goes on in a process of its own, until the run is at its end; then another run begins, until there were
so many kills. Losses and weights of each are compared bit by bit with those of a run that nobody killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import torch

from benchmarks.machine import write_table
from model.train import checkpoint
from model.train.phases import body, everything, face
from tests.model.train.runs import Notes, trainer, training

KILLS = 100
STEPS = 6
"""Of each phase."""
STEPS_APART = 3
"""Most steps of an attempt before its kill."""
MOMENT_S = 0.3
"""Longest wait after the last of them: some steps, or most of a save."""

Losses = dict[int, list[float]]
"""By step: loss and length of the gradient."""


def main(data: Path, kills: int) -> None:
    """Compare, and write the table."""
    torch.set_num_threads(1)
    began, found = time.monotonic(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        expected = undisturbed(data, Path(folder) / "undisturbed")
        while found["kills"] < kills:
            found += disturbed(data, Path(folder) / f"run-{found['runs']}", expected, found["runs"])
            print(dict(found), flush=True)
    reached = not any(
        found[name] for name in ("checkpoints lost", "losses that differ", "runs of other weights")
    )
    names = ("kills", "runs", "kills with a half-written checkpoint", "kills in one that had all its files")
    wrong = ("checkpoints lost", "losses that differ", "runs of other weights")
    write_table(
        Path(__file__).with_name("KILLED.md"),
        "Trainers killed at seeded moments",
        f"python -m benchmarks.killed DATA {kills}",
        [("what", "number"), *((name, f"{found[name]}") for name in (*names, *wrong))],
        f"{time.strftime('%d %B %Y')}, {time.monotonic() - began:.0f} s. Goal: none of the last three. "
        f"{'Reached' if reached else 'Not reached'}.",
    )
    if not reached:
        raise SystemExit(1)


def undisturbed(data: Path, run: Path) -> tuple[Losses, str]:
    """What a run says that nobody kills, and a digest of what it leaves."""
    run.mkdir()
    ended = attempt(data, run)
    assert ended == 0, "an undisturbed trainer ends"
    return losses(run), digest(run)


def disturbed(data: Path, run: Path, expected: tuple[Losses, str], seed: int) -> Counter[str]:
    """What became of a run whose attempts are killed until one reaches the end."""
    draw, found = random.Random(seed), Counter({"runs": 1})
    run.mkdir()
    ended: int | None = None
    while ended is None:
        before = standing(run)
        ended = attempt(data, run, (draw.randint(0, STEPS_APART), draw.uniform(0, MOMENT_S)))
        found["kills"] += ended is None
        found["checkpoints lost"] += standing(run) < before
        halves = list((run / "checkpoints").glob("*" + checkpoint.PART)) if ended is None else []
        found["kills with a half-written checkpoint"] += bool(halves)
        found["kills in one that had all its files"] += any((half / "exp_avg_sq").is_dir() for half in halves)
        found["losses that differ"] += sum(expected[0][step] != told for step, told in losses(run).items())
    assert ended == 0, "a disturbed trainer ends"
    found["runs of other weights"] += digest(run) != expected[1] or losses(run).keys() != expected[0].keys()
    return found


def attempt(data: Path, run: Path, kill: tuple[int, float] | None = None) -> int | None:
    """Go on with a run in a process of its own; how it ended, None where it was killed in time.

    It is killed so many steps and seconds after its start.
    """
    before = len(losses(run))
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            learn(data, run)
            code = 0
        os._exit(code)
    if kill is not None:
        steps, moment_s = kill
        while len(losses(run)) - before < steps and not is_gone(child):
            time.sleep(0.005)
        time.sleep(moment_s)
        os.kill(child, signal.SIGKILL)  # one that has ended waits to be asked how, so nobody else has its id
    _, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else None


def learn(data: Path, run: Path) -> None:
    """Train to the end, telling each loss."""
    phases = body(STEPS), face(STEPS), everything(STEPS)
    settings = training(phases=phases, save_every=2, keep=2)
    trainer(data, run, settings, Notes(run / "losses")).train()


def is_gone(child: int) -> bool:
    """Whether a process has ended, which stays to be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def losses(run: Path) -> Losses:
    """All that attempts have said, the last word of each step; half a line at the end says nothing."""
    file = run / "losses"
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    told = [json.loads(line) for line in lines if line.endswith("]")]
    return {total: [loss, gradient] for total, loss, gradient in told}


def standing(run: Path) -> tuple[int, int]:
    """Phase and step of the last whole checkpoint."""
    return max(map(checkpoint.place, checkpoint.checkpoints(run)), default=(0, 0))


def digest(run: Path) -> str:
    """Of all tensors of the last checkpoint."""
    folder, whole = checkpoint.checkpoints(run)[-1], hashlib.sha256(b"")
    for file in sorted(folder.rglob("*.safetensors")):
        whole.update(file.read_bytes())
    return whole.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else KILLS)
