"""Kills in the middle of `understudy forget`, and whether the same command ends what it began.

    python -m benchmarks.forgetting [KILLS]

A small set with estimators that know the answers; each kill at a change of a file that a seed draws.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import write_table
from dataset.names import FORGETTING
from tests.jobs.commands.test_forget import broken, digest_of, traces
from tests.resume.forget_job import run_forget
from tests.resume.job import contents, make_films, run_job

KILLS = 50


def main(kills: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        films, whole = Path(folder) / "films", Path(folder) / "whole"
        films.mkdir()
        make_films(films)
        done = run_job(films, whole)
        assert done.returncode == 0, done.stderr
        gone = digest_of(films / "videos" / "1.mp4")
        left = Path(shutil.copytree(whole, Path(folder) / "left"))
        changes = int(run_forget(left, films / "truths", gone).stdout)
        found = [one_kill(whole, films, left, gone, changes, seed) for seed in range(kills)]
    totals = {name: sum(one[name] for one in found) for name in found[0]}
    reached = totals["traces"] == totals["bytes that differ"] == totals["faults that check finds"] == 0
    write_table(
        Path(__file__).with_name(f"{Path(__file__).stem.upper()}.md"),
        "Killed while somebody leaves",
        f"python -m benchmarks.forgetting {kills}",
        [("of so many kills", f"{kills}"), *((name, f"{number}") for name, number in totals.items())],
        f"Goal: no trace, nobody else's byte, no fault. {'Reached' if reached else 'Not reached'}. "
        f"{changes} changes of files a run.",
    )
    if not reached:
        raise SystemExit(1)


def one_kill(whole: Path, films: Path, left: Path, gone: str, changes: int, seed: int) -> dict[str, int]:
    """What a kill leaves, once the same command has ended."""
    out = Path(shutil.copytree(whole, whole.with_name(f"set {seed}")))
    killed = run_forget(out, films / "truths", gone, random.Random(seed).randrange(10, changes))
    begun = (out / FORGETTING).exists()
    again = run_forget(out, films / "truths", gone)
    ended = again.returncode == 0 or (not begun and "knows nothing of" in again.stderr)
    found = {
        "killed": int(killed.returncode == -signal.SIGKILL),
        "killed after it had begun": int(begun),
        "ended by the same command": int(ended),
        "traces": len(list(traces(out, gone))),
        "bytes that differ": int(contents(out) != contents(left)),
        "faults that check finds": len(broken(out)),
    }
    shutil.rmtree(out)
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else KILLS)
