"""What `run.json` says of a start of a training."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.data.loader import Loader
from model.data.mixture import MixedSamples
from schemas.version import DRAWING, SCHEMA

PACKAGES = ("understudy", "torch", "deepspeed", "numpy")
GIT_S = 20.0
"""A checkout on a slow disk is not waited for longer."""


def digests_of(samples: MixedSamples) -> tuple[str, ...]:
    """Of the index of each data set."""
    return tuple(part.digest for part in samples.parts)


def canvas_area(loader: Loader) -> int:
    """Of the largest canvas that is trained on, px."""
    return int((loader.order.samples.width * loader.order.samples.height).max())


def versions() -> dict[str, Any]:
    """Of the code and of what it rests on."""
    packages = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **packages, "schema": SCHEMA, "drawing": DRAWING}


def commit() -> str:
    """The commit of this code, if it is a checkout, and whether files differ from it."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=GIT_S
        )
    except (OSError, subprocess.SubprocessError):
        return "not a checkout"
    return done.stdout.strip()
