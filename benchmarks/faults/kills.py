"""Drivers, workers and trainers killed at seeded moments, and what is different or left over at the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.processes import MARK, ROOT, lingering

KILLS = 4
"""Of one job, before it is let go to its end: with one more, all on one item, that item is held back."""
SHARES = (0.05, 0.5)
"""Of an undisturbed job's time, that pass before a kill: one that goes on has less to do."""
LIMIT_S = 900.0
Seen = Mapping[str, str]
"""Digests of all that a job has made, by name."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What a job that was killed several times has come to in the end."""

    scenario: str
    seed: int
    kills: int
    files: int
    """That were compared with those of an undisturbed job."""
    different: tuple[str, ...]
    """Files that are missing, others, or more."""
    left_over: tuple[str, ...]
    """Processes, scratch files and half-written objects."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A job that is disturbed, and how to see what it made."""

    name: str
    command: Callable[[str], Sequence[str]]
    """The job, by the name of what it makes."""
    env: Mapping[str, str]
    victims: Callable[[psutil.Process], list[psutil.Process]]
    """Of a running job, the processes of which one is killed."""
    seen: Callable[[str], Seen]
    """All that it made, scratch files too."""
    undisturbed_s: float = 0.0
    expected: Seen = field(default_factory=dict)
    prepare: Callable[[int], object] = lambda _: None
    """Called before each job, with its seed."""


def driver(job: psutil.Process) -> list[psutil.Process]:
    """The job's own process."""
    return [job]


def workers(job: psutil.Process) -> list[psutil.Process]:
    """The processes that the job has started."""
    with suppress(psutil.Error):
        return sorted(job.children(recursive=True), key=lambda process: process.pid)
    return []


def recover(scenario: Scenario, seed: int) -> Recovery:
    """Kill a job at seeded moments, each after a share of an undisturbed one's time; then let it end."""
    draw, began = random.Random(f"{scenario.name} {seed}"), time.monotonic()
    name, mark = f"{scenario.name.replace(' ', '-')}-{seed}", f"{os.getpid()}-{scenario.name}-{seed}"
    scenario.prepare(seed)
    with tempfile.TemporaryDirectory() as scratch:
        env = {**os.environ, **scenario.env, "TMPDIR": scratch, MARK: mark}
        kills = 0
        while kills < KILLS:
            struck = disturbed(scenario, name, env, draw, KILLS - kills)
            kills += struck
            if not struck:
                break
        result = finished(scenario.command(name), env)
        left = [*lingering(mark), *files_in(Path(scratch))]
    found = scenario.seen(name)
    different = {file for file, _ in found.items() ^ scenario.expected.items()}
    return Recovery(
        scenario=scenario.name,
        seed=seed,
        kills=kills,
        files=len(scenario.expected),
        different=tuple(sorted(different)) + ((result,) if result else ()),
        left_over=tuple(left),
        seconds=time.monotonic() - began,
    )


def disturbed(scenario: Scenario, name: str, env: Mapping[str, str], draw: random.Random, most: int) -> int:
    """Start the job and kill its victims one after the other while it lives; how many, at most `most`."""
    kills = 0
    with subprocess.Popen(
        scenario.command(name), cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as job:
        process = psutil.Process(job.pid)
        while kills < most and job.poll() is None:
            wait(job, draw.uniform(*SHARES) * scenario.undisturbed_s)
            with suppress(psutil.Error):
                victims = scenario.victims(process)
                if victims and job.poll() is None:
                    draw.choice(victims).send_signal(signal.SIGKILL)
                    kills += 1
        wait(job, LIMIT_S)
        job.kill()
    return kills


def wait(job: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a job, but no longer."""
    with suppress(subprocess.TimeoutExpired):
        job.wait(seconds)


def finished(command: Sequence[str], env: Mapping[str, str]) -> str:
    """Run a job to its end; empty, or how it failed."""
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    return f"code {done.returncode}: {done.stderr[-300:]}" if done.returncode else ""


def files_in(folder: Path) -> Iterator[str]:
    """The files that are left in scratch space."""
    return (str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
