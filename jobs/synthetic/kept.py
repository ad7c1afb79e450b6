"""What is dear to make is kept in a folder under its digest, and appears there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.disk import cache_folder

Arrays = dict[str, NDArray[Any]]


def kept_folder() -> Path:
    """Where what is dear to make is kept for this user."""
    return cache_folder() / "synthetic"


def kept_arrays(path: Path, make: Callable[[], Arrays]) -> Arrays:
    """The arrays of a file, which is made where it is missing; many processes may ask at once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            try:
                np.savez(part, allow_pickle=False, **make())
            except BaseException:
                Path(part.name).unlink()
                raise
        os.replace(part.name, path)
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
