"""Latents of the data set, encoded once for all tests of a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.cli import main
from tests.jobs.commands.encoded import command, contents
from tests.warm.programs import execute


@pytest.fixture(scope="module")
def latents(data_set, tmp_path_factory) -> Path:
    out: Path = tmp_path_factory.mktemp("latents")
    assert main(command(data_set, out)) == 0
    return out


@pytest.fixture(scope="module")
def changes(data_set, latents, tmp_path_factory) -> int:
    """Changes of files that an undisturbed run makes, the fit of its codec included."""
    out = tmp_path_factory.mktemp("counted") / "latents"
    done = execute("-m", "tests.resume.encode_job", out, 0, "job", *command(data_set, out))
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(latents)
    return int(done.stdout.split()[-1])
