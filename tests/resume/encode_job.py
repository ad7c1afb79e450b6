"""`understudy encode` in a process of its own, which may be killed at a given change of a file below OUT.

    python -m tests.resume.encode_job OUT KILL_AT job|worker COMMAND ...

Prints the number of changes that it made; none of them kills where KILL_AT is 0.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from jobs.cli import main
from tests.resume.changes import Counting, begin


def run(out: str, kill_at: str, whom: str, *command: str) -> int:
    """Run the command; its exit code."""
    with tempfile.NamedTemporaryFile(dir=Path(out).parent) as counter:
        job = os.getpid() if whom == "job" else None
        begin(Counting(out=out, counter=counter.name, kill_at=int(kill_at) or None, job=job))
        code = main(list(command))
        print(Path(counter.name).stat().st_size)
    return code


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
