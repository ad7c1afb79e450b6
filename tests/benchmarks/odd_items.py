"""Items that read, abort, hang, raise, and run code."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.faults.reading import Family, Read


def read(seed: int, _: Path, trap: Path) -> Read:
    """What each seed does."""
    if seed == 1:
        os.abort()
    if seed == 2:
        time.sleep(60)
    if seed == 3:
        raise KeyError("x")
    if seed == 4:
        trap.touch()
    return Read(what="odd", end="read")


FAMILY = Family(prepare=lambda folder: None, read=read)
