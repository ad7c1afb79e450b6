"""What makes a lap on this machine: the kind of its processor, and the versions of what computes there."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "ai-edge-litert",
    "av",
    "imageio-ffmpeg",
    "numpy",
    "open-clip-torch",
    "opencv-contrib-python",
    "pyarrow",
    "scenedetect",
    "torch",
    "webdataset",
)
"""Packages whose versions decide what a run gives."""

FEATURES = ("sse4_2", "avx", "fma", "avx2", "avx512f", "avx512_vnni", "amx_tile", "asimd", "sve")
"""Instructions, by the kernel's names, by which libraries choose how they round."""


@cache
def made_by() -> dict[str, Any]:
    """Processor, its instructions, Python and packages (None where not installed), for JSON.

    Another processor may change the last bits of numbers, and other versions may change more.
    """
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    return {
        "machine": platform.machine(),
        **processor(text),
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in PACKAGES},
    }


def processor(cpuinfo: str) -> dict[str, Any]:
    """The name of the first processor in the kernel's list and those of `FEATURES` that it has."""
    facts = [[word.strip() for word in line.split(":", 1)] for line in cpuinfo.splitlines() if ":" in line]
    found: dict[str, str] = {}
    for name, value in facts:
        found.setdefault(name, value)
    flags = found.get("flags", found.get("Features", "")).split()
    return {
        "processor": found.get("model name", ""),
        "instructions": [name for name in FEATURES if name in flags],
    }


def version_of(package: str) -> str | None:
    """The version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
