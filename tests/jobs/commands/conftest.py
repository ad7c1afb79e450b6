"""Latents of the data set, encoded once for all tests of a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.cli import main
from tests.jobs.commands.encoded import command
from tests.resume.command_job import changes_of, contents, run_command


@pytest.fixture(scope="module")
def latents(data_set, tmp_path_factory) -> Path:
    out: Path = tmp_path_factory.mktemp("latents")
    assert main(command(data_set, out)) == 0
    return out


@pytest.fixture(scope="module")
def changes(data_set, latents, tmp_path_factory) -> int:
    """Changes of files that an undisturbed run makes, the fit of its codec included."""
    out = tmp_path_factory.mktemp("counted") / "latents"
    changes = changes_of(run_command(out, *command(data_set, out)))
    assert contents(out) == contents(latents)
    return changes
