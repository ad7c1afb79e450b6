"""`understudy audit` in a process of its own, which may be killed at a given change of a file below the set.

    python -m tests.resume.audit_job DATA KILL_AT REPORT

Prints the number of changes that it made; none of them kills where KILL_AT is 0.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from jobs.cli import main
from tests.resume.changes import Counting, begin


def run(data: str, kill_at: str, report: str) -> int:
    """Run the command; its exit code."""
    with tempfile.NamedTemporaryFile(dir=Path(data).parent) as counter:
        begin(Counting(out=data, counter=counter.name, kill_at=int(kill_at) or None, job=os.getpid()))
        code = main(["audit", data, "--fail-on", "never", "--out", report])
        print(Path(counter.name).stat().st_size)
    return code


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
