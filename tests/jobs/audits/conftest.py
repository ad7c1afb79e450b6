"""The planted sets, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.audits.planted import write_planted
from tests.once import once


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the sets "clean" and "faulty", and of the file "planted"; not to be changed."""
    return once(tmp_path_factory, "planted", write_planted)
