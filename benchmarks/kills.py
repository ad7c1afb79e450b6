"""Kills in the middle of `understudy forget` and `pairs`, and whether the same command ends what it began.

    python -m benchmarks.kills forget|pairs [KILLS]

A small set with estimators that know the answers, on a disk and in an S3 store, and on a Ray cluster of two
machines, where one in `FEWER` is killed; each kill at a change of a file that a seed draws.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.machine import write_table
from dataset.names import FORGETTING
from storage.place import Place
from tests.cluster.small import machines, on
from tests.jobs.commands.test_forget import broken, digest_of, traces
from tests.resume.command_job import changes_of
from tests.resume.command_job import contents as files_of
from tests.resume.forget_job import run_forget
from tests.resume.job import contents, make_films, run_job
from tests.resume.test_pairs import pairs
from tests.stored import write_data_set
from tests.stores import serving

KILLS = 50
FEWER = 5
Run = Callable[[Place, int, str], "subprocess.CompletedProcess[str]"]
"""A command on a place, killed at a change of its files or, where that is 0, not; on Ray at an address."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command that is killed."""

    before: Path  # what lies in its place when it begins
    run: Run
    findings: Callable[[Path, Path], Counter[str]]  # what is wrong with a place, beside one nobody disturbed


def main(command: str, kills: int) -> None:
    """Write KILLS_<COMMAND>.md."""
    with tempfile.TemporaryDirectory() as folder, serving() as server, ExitStack() as machines_of_ray:
        os.environ |= server.environment
        scratch = Path(folder)
        rows: list[tuple[str, ...]] = [("command", "where", "changes of files", "killed", "wrong")]
        every: Counter[str] = Counter()
        case = CASES[command](scratch)
        address = machines_of_ray.enter_context(machines(2)).address
        for where, uri, num, on_ray in (
            ("on a disk", scratch / "places", kills, ""),
            ("in S3", "s3://bucket/alone", kills, ""),
            ("in S3, on Ray", "s3://bucket/ray", max(1, kills // FEWER), address),
        ):
            changes, num_killed, wrong = killed(case, Place.at(uri), scratch, num, on_ray)
            rows.append((command, where, f"{changes}", f"{num_killed} of {num}", f"{wrong.total()}"))
            print(*rows[-1], dict(wrong), flush=True)
            every += wrong
    write_table(
        Path(__file__).with_name(f"KILLS_{command.upper()}.md"),
        f"Killed in the middle of {command}",
        f"python -m benchmarks.kills {command} {kills}",
        rows,
        "Goal: the same command ends what was begun, and leaves no trace of who has left, no other byte than",
        f"without a kill, no fault for `check`. {f'Not reached: {dict(every)}' if every else 'Reached'}.",
        f"Measured on {date.today()}.",
    )
    if every:
        raise SystemExit(1)


def killed(
    case: Case, places: Place, scratch: Path, kills: int, address: str
) -> tuple[int, int, Counter[str]]:
    """The changes of files of a run that nobody disturbs, how often it was killed, what was wrong then.

    On Ray those are the changes of the job's own process, which is the one that is killed.
    """
    put(case.before, places / "whole")
    changes = changes_of(case.run(places / "whole", 0, address))
    whole = fetched(places / "whole", scratch / "whole")
    num_killed, wrong = 0, Counter[str]()
    for seed in range(kills):
        place = places / f"{seed}"
        put(case.before, place)
        done = case.run(place, random.Random(seed).randrange(1, changes), address)
        begun = place.size(FORGETTING) is not None
        again = case.run(place, 0, address)
        num_killed += done.returncode == -signal.SIGKILL
        ended = again.returncode == 0 or (not begun and "knows nothing of" in again.stderr)
        left = fetched(place, scratch / "left")
        wrong += case.findings(left, whole) + Counter(begun=int(not ended))
        shutil.rmtree(left)
        for entry in place.files():
            place.remove(entry.name)
    shutil.rmtree(whole)
    return changes, num_killed, wrong


def put(folder: Path, place: Place) -> None:
    """Copy a folder's files into a place."""
    for entry in Place.at(folder).files():
        place.put(entry.name, folder / entry.name)


def fetched(place: Place, folder: Path) -> Path:
    """A place's files on this disk."""
    folder.mkdir()
    for entry in place.files():
        Place.at(folder).write(entry.name, place.read(entry.name))
    return folder


def forgetting(scratch: Path) -> Case:
    """Somebody leaves a set."""
    films, before = scratch / "films", scratch / "set"
    films.mkdir()
    make_films(films)
    done = run_job(films, before)
    assert done.returncode == 0, done.stderr
    gone = digest_of(films / "videos" / "1.mp4")

    def findings(left: Path, whole: Path) -> Counter[str]:
        other = contents(left) != contents(whole)
        return Counter(traces=len([*traces(left, gone)]), bytes=other, faults=len(broken(left)))

    return Case(
        before=before,
        run=lambda place, kill_at, address: run_forget(
            place, films / "truths", gone, kill_at, *filter(None, (address,))
        ),
        findings=findings,
    )


def pairing(scratch: Path) -> Case:
    """A table of pairs and its files are made."""
    before = scratch / "nothing"
    for folder in (before, scratch / "figures"):
        folder.mkdir()
    write_data_set(scratch / "figures")
    return Case(
        before=before,
        run=lambda place, kill_at, address: pairs(
            scratch / "figures" / "set", place, kill_at, *(on(address) if address else ())
        ),
        findings=lambda left, whole: Counter(bytes=int(files_of(left) != files_of(whole))),
    )


CASES: dict[str, Callable[[Path], Case]] = {"forget": forgetting, "pairs": pairing}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else KILLS)
