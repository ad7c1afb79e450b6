"""A training killed a hundred times, each time gone on with by other numbers of ranks and shared otherwise.

    python -m benchmarks.resuming [KILLS]

A network of seconds on figures, a checkpoint after each step; all ranks are killed at once, when a seed
draws it. What each step says is compared with an undisturbed training of one rank.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.machine import write_table
from model.train import checkpoint
from tests.model.train.runs import STAGES
from tests.stored import write_shards
from tests.warm.programs import execute, program, rank_places

KILLS = 100
BATCHES = 4
"""Of a step, whoever shares them."""
NEAR = 1e-5
FIRST_S = 30.0
"""What a start is taken to last before one has."""
STEPS = sum(phase.steps for phase in STAGES)


@dataclass(frozen=True)
class Sharing:
    """How a training is shared out."""

    ranks: int
    zero_stage: int | None
    shared_by: int = 1

    @property
    def settings(self) -> dict[str, Any]:
        """What differs from the training of one rank."""
        return {
            "zero_stage": self.zero_stage,
            "sequence_parallel": self.shared_by,
            "grad_accumulation": BATCHES * self.shared_by // self.ranks,
            "save_every": 1,
            "keep": 2,
        }

    def __str__(self) -> str:
        return (
            f"{self.ranks} ranks"
            + (f", ZeRO {self.zero_stage}" if self.zero_stage else "")
            + (f", tokens shared by {self.shared_by}" if self.shared_by > 1 else "")
        )


SHARINGS = (
    Sharing(1, None),
    Sharing(2, 1),
    Sharing(2, 3),
    Sharing(2, 2, 2),
    Sharing(4, 1),
    Sharing(4, 2, 2),
    Sharing(4, 3, 2),
    Sharing(4, 3, 4),
)


def main(kills: int) -> None:
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("videos", "set"):
            (folder / part).mkdir()
        write_shards(folder / "set", folder / "videos")
        done = execute("-m", "tests.model.train.runs", words(folder, "plain", SHARINGS[0]))
        assert done.returncode == 0, done.stderr
        expected = {total: numbers for total, *numbers in lines(folder, "plain")}
        killed, late, runs, apart, steps, used = 0, 0, 0, 0.0, 0, dict.fromkeys(SHARINGS, 0)
        took_s = dict.fromkeys(SHARINGS, FIRST_S)
        while killed < kills:
            run = f"run {runs}"
            while True:
                sharing = draw.choice(SHARINGS)
                began, before = time.monotonic(), len(lines(folder, run))
                moment = draw.uniform(0.2, 1.0) * took_s[sharing]
                ended = disturbed(sharing, moment, words(folder, run, sharing))
                used[sharing] += 1
                if ended:
                    took_s[sharing] = 0.5 * (took_s[sharing] + time.monotonic() - began)
                    break
                killed, late = killed + 1, late + (len(lines(folder, run)) > before)
            for total, *numbers in lines(folder, run):
                apart, steps = max(apart, furthest(numbers, expected[total])), steps + 1
            assert {total for total, *_ in lines(folder, run)} == set(expected)
            assert not list((folder / run).rglob("*.part"))
            assert checkpoint.checkpoints(folder / run)[-1].name == f"{len(STAGES)}-{STAGES[-1].steps:06}"
            runs += 1
            print(f"{killed} kills, {runs} trainings, {apart:.1e} apart", flush=True)
    reached = apart <= NEAR
    write_table(
        Path(__file__).with_name("RESUMING.md"),
        "Killed, and gone on with by others",
        f"python -m benchmarks.resuming {kills}",
        [
            ("what", "number"),
            ("kills", f"{killed}"),
            ("of those after a step that the killed start had told of", f"{late}"),
            (f"trainings of {STEPS} steps that came to their end", f"{runs}"),
            ("steps compared, those that were taken twice among them", f"{steps}"),
            ("furthest that a loss or a gradient lies from one rank's, relative", f"{apart:.1e}"),
            *((f"starts by {sharing}", f"{number}") for sharing, number in used.items()),
        ],
        f"Goal: 1e-5. {'Reached' if reached else 'Not reached'}. All ranks of a start are killed at once. "
        f"Measured on {date.today()}.",
    )
    if not reached:
        raise SystemExit(1)


def words(folder: Path, run: str, sharing: Sharing) -> str:
    """What a rank of a training is told."""
    training = {"run": str(folder / run), "losses": str(folder / f"{run}.txt"), "settings": sharing.settings}
    return json.dumps({"data": str(folder / "set"), "trainings": [training]})


def lines(folder: Path, run: str) -> list[list[Any]]:
    """Step, loss and gradient of each step that was told of; a line that a kill cut off is none."""
    file = folder / f"{run}.txt"
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("]")]


def furthest(numbers: list[float | None], others: list[float | None]) -> float:
    """The largest relative difference."""
    pairs = zip(numbers, others, strict=True)
    return max(abs((one or 0.0) - (other or 0.0)) / max(abs(other or 0.0), 1e-12) for one, other in pairs)


def disturbed(sharing: Sharing, moment: float, training: str) -> bool:
    """Whether a training ends before it is killed.

    Raises:
        RuntimeError: it ends by a fault of its own.
    """
    with ExitStack() as stack:
        ranks = [
            stack.enter_context(program("-m", "tests.model.train.runs", training, env=env))
            for env in rank_places(sharing.ranks)
        ]
        until = time.monotonic() + moment
        for rank in ranks:
            rank.asked.ends_within(max(0.0, until - time.monotonic()))
        over = [rank for rank in ranks if rank.asked.ends_within(0.0)]
        for rank in ranks:
            if rank not in over:
                rank.kill()
        for rank in over:
            done = rank.ended()
            if done.returncode:
                raise RuntimeError(f"{sharing}: {done.stderr[-2000:]}")
        return len(over) == len(ranks)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else KILLS)
