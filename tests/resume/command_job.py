"""A command in a process of its own, which may be killed at a given change of a file below OUT.

    python -m tests.resume.command_job OUT KILL_AT job|worker COMMAND ...

OUT is a folder or an address. Prints the number of changes that it made; none of them kills where KILL_AT
is 0.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dataset.names import LANDINGS, RUN, RUNNING
from engine.ledger import Ledger
from jobs.cli import main
from storage.place import Place, Where
from tests.resume.changes import Counting, begin
from tests.warm.programs import execute


def run_command(
    out: Where, *command: object, kill_at: int = 0, whom: str = "job"
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return execute("-m", "tests.resume.command_job", out, kill_at, whom, *command)


def changes_of(done: subprocess.CompletedProcess[str]) -> int:
    """The changes that a command made that has ended well."""
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def contents(out: Where) -> dict[str, bytes | str]:
    """All files below a place but what a run says of itself; of markers what their laps gave."""
    place = Place.at(out)
    names = [entry.name for entry in place.files()]
    return {
        name: marked(place, name) if name.endswith(".done") else place.read(name)
        for name in names
        if name.rpartition("/")[2] not in {RUN, RUNNING}
    }


def marked(place: Place, marker: str) -> str:
    """What a lap gave whose marker it is."""
    above, _, below = marker.rpartition(f"{LANDINGS}/")
    leg, _, name = below.partition("/")
    landed = Ledger(place / above.rstrip("/") if above else place).landed(
        leg, name[len("part-") : -len(".done")]
    )
    assert landed is not None
    return landed.content


def run(out: str, kill_at: str, whom: str, *command: str) -> int:
    """Run the command; its exit code."""
    with tempfile.NamedTemporaryFile() as counter:
        job = os.getpid() if whom == "job" else None
        begin(Counting(out=out, counter=counter.name, kill_at=int(kill_at) or None, job=job))
        code = main(list(command))
        print(Path(counter.name).stat().st_size)
    return code


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
