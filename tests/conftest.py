"""What all tests share: the corpus of real clips, where it is present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of shared test data, beside the checkout or named by UNDERSTUDY_SHARED."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}: put it beside the checkout or set UNDERSTUDY_SHARED")
    return SHARED


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """Folder with `clips/`, `images/` and `groundtruth/`."""
    return shared / "corpus"


@pytest.fixture(scope="session")
def parity(shared: Path) -> Path:
    """Golden outputs of official networks."""
    return shared / "parity"
