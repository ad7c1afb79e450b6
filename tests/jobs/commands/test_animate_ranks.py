"""`understudy animate` in two processes, as torchrun starts them: the film of one."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from jobs.cli import main
from model.sample.pixels import Pictures
from tests.jobs.commands.test_animate import command
from tests.warm.programs import execute_ranks

GUIDED = ("--sampler.references", "2", "--sampler.pose", "1.5", "--sampler.face", "1.25")
"""So that each step has several answers to share."""


def frames(path: Path) -> Pictures:
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])


@pytest.fixture(scope="module")
def alone(short_run: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    out = tmp_path_factory.mktemp("alone") / "film.mp4"
    assert main(command(short_run, corpus, out, *GUIDED)) == 0
    return frames(out)


@pytest.mark.parametrize("across", [pytest.param("guidance", marks=pytest.mark.long), "tokens"])
def test_two_processes_make_the_film_of_one(
    short_run: Path, corpus: Path, alone: Pictures, tmp_path: Path, across: str
) -> None:
    out = tmp_path / "film.mp4"
    words = command(short_run, corpus, out, *GUIDED, "--across", across)
    for done in execute_ranks(2, "-m", "jobs.cli", *words):
        assert done.returncode == 0, done.stderr
    together = frames(out)
    assert together.shape == alone.shape
    apart = np.abs(together.astype(np.int16) - alone)
    assert apart.mean() < 0.1, "sums in another order"
    assert np.abs(alone[1:].astype(np.int16) - alone[:-1]).mean() > 1, "it moves"
