"""A source leaves a data set, in a process that may be killed at a given change of a file below OUT,
a folder or an address.

    python -m tests.resume.forget_job OUT TRUTHS SHA256 [KILL_AT [ADDRESS]]

On the Ray cluster at ADDRESS, where one is given.

Prints the number of changes that it made.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from engine.runners.settings import ClusterSettings
from jobs.commands.forget import Forget, forget
from storage.place import Where
from tests.resume.changes import Counting, begin
from tests.resume.job import settings
from tests.warm.programs import execute


def run_forget(
    out: Where, truths: Path, sha256: str, kill_at: int = 0, *address: str
) -> subprocess.CompletedProcess[str]:
    """The job in a process of its own."""
    return execute("-m", "tests.resume.forget_job", out, truths, sha256, kill_at, *address)


def main(out: str, truths: str, sha256: str, kill_at: str = "0", address: str | None = None) -> int:
    """Run the job; its exit code."""
    with tempfile.NamedTemporaryFile(dir=Path(truths).parent) as counter:
        begin(Counting(out=out, counter=counter.name, kill_at=int(kill_at) or None, job=os.getpid()))
        on_ray: dict[str, Any] = {"runner": "ray", "cluster": ClusterSettings(address=address, workers=2)}
        job = Forget(out=out, source=(sha256,), why="asked for it", **(on_ray if address else {}))
        code = forget(job, Console(quiet=True), settings(Path(truths)))
        print(Path(counter.name).stat().st_size)
    return code


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads of a library abort one interpreter of some twenty as it ends
