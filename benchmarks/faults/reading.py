"""Items read one after the other in a process that is watched, and replaced when one kills or hangs it.

python -m benchmarks.faults.reading FAMILY FOLDER CANARIES SEED ...
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.faults.canaries import Canaries
from benchmarks.faults.outcomes import End, Outcome
from benchmarks.processes import ROOT, bound

PYTHON: tuple[str, ...] = (sys.executable,)
"""What runs a module."""
LIMIT_S = 120.0
"""No item may take so long."""
START_S = 900.0
"""Nor the process to begin, and to make what the first one is made from."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """How the reading of an item ended by itself."""

    what: str
    end: End
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Items of one kind: functions of a seed and of what lies ready in a folder."""

    prepare: Callable[[Path], object]
    """Makes what the items are made from, in an empty folder."""
    read: Callable[[int, Path, Path], Read]
    """Makes the item of a seed in a folder, with a path that its code is to make a file at, and reads it.

    What it raises names nothing.
    """


def examine(family: str, seeds: Sequence[int], folder: Path, canaries: Canaries) -> Iterator[Outcome]:
    """What becomes of the items of these seeds.

    Raises:
        RuntimeError: the process does not start.
    """
    waiting = list(seeds)
    touched: dict[int, str] = {}
    while waiting:
        command = [*PYTHON, "-m", __name__, family, str(folder), str(canaries.folder)]
        with subprocess.Popen(
            [*command, *map(str, waiting)], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        ) as child:
            bound(child.pid)
            if line_of(child, START_S) != b"ready\n":
                child.kill()
                raise RuntimeError(f"{family}: its process does not start")
            began = time.monotonic()
            while waiting and (line := line_of(child, LIMIT_S)):
                touched |= canaries.touched()  # the process may be at the next item already
                seed = waiting.pop(0)
                yield Outcome(family=family, seed=seed, touched=touched.pop(seed, ""), **json.loads(line))
                began = time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)  # child.kill() would reap it, and what it used be lost
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if waiting:
            seed = waiting.pop(0)
            touched |= canaries.touched()
            yield Outcome(
                family=family,
                seed=seed,
                what="",
                end="stopped",
                reason="took too long" if line is None else f"code {child.returncode}",
                seconds=time.monotonic() - began,
                peak_mib=used.ru_maxrss / 1024,
                touched=touched.pop(seed, ""),
            )


def line_of(child: subprocess.Popen[bytes], limit_s: float) -> bytes | None:
    """The next line that a process says, empty where it has hung up, None where it says nothing in time."""
    assert child.stdout
    return child.stdout.readline() if select.select([child.stdout], [], [], limit_s)[0] else None


def main(name: str, folder: str, canaries: str, *seeds: str) -> None:
    """Read items, and tell of each in a line."""
    lines = os.fdopen(os.dup(1), "w")  # what libraries print goes elsewhere
    os.dup2(2, 1)
    family: Family = import_module(name if "." in name else f"benchmarks.faults.{name}").FAMILY
    bases = Path(folder) / name
    if not bases.exists():
        made = bases.with_name(f"{name}.part")
        made.mkdir()
        family.prepare(made)
        made.rename(bases)
    print("ready", file=lines, flush=True)
    for seed in map(int, seeds):
        print(json.dumps(outcome_of(family, seed, bases, Path(canaries))), file=lines, flush=True)


def outcome_of(family: Family, seed: int, bases: Path, canaries: Path) -> dict[str, object]:
    """What became of an item, and what it took."""
    reset_peak()
    began = time.monotonic()
    try:
        read = family.read(seed, bases, canaries / f"trap-{seed:06d}")
    except Exception as error:  # noqa: BLE001  what is looked for
        text = "".join(c if c.isprintable() else "?" for c in str(error)[:200])
        read = Read(what="", end="unnamed", reason=f"{type(error).__name__}: {text}")
    return {**asdict(read), "seconds": time.monotonic() - began, "peak_mib": peak_mib()}


def reset_peak() -> None:
    """Forget how much memory this process had."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """The most memory that this process had since, or that any process had that it waited for."""
    status = Path("/proc/self/status").read_text()
    own_kib = int(status.partition("VmHWM:")[2].split()[0])
    return max(own_kib, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
