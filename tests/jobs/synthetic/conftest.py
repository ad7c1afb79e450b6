"""A folder in which the body model and people are kept from run to run, and short takes of one person."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.synthetic.body_model import BodyModel, body_model
from jobs.synthetic.kept import kept_folder


@pytest.fixture(scope="session")
def kept() -> Path:
    return kept_folder()


@pytest.fixture(scope="session")
def model(kept: Path) -> BodyModel:
    return body_model(kept)
