"""Latents made on a cluster: the bytes of one process, through workers and drivers that are killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from jobs.cli import main
from tests.cluster.small import kill, machines, workers
from tests.jobs.commands.encoded import command, contents
from tests.processes import program, wait_until

pytestmark = pytest.mark.timeout(600)
LONG_S = 240.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with machines(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def alone(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes."""
    out = tmp_path_factory.mktemp("alone") / "latents"
    assert main(command(data_set, out)) == 0
    return out


def start(data: Path, out: Path, address: str) -> AbstractContextManager[subprocess.Popen[str]]:
    ray = ["--runner", "ray", "--address", address, "--workers", "2"]
    words = [sys.executable, "-m", "jobs.cli", *command(data, out, *ray)]
    return program(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(job: subprocess.Popen[str]) -> None:
    said, _ = job.communicate(timeout=LONG_S)
    assert job.returncode == 0, said


def test_on_a_cluster_it_gives_the_bytes_of_one_process(
    cluster: Cluster, data_set: Path, alone: Path, tmp_path: Path
) -> None:
    with start(data_set, tmp_path / "latents", cluster.address) as job:
        finish(job)
    assert contents(tmp_path / "latents") == contents(alone)


def test_killed_workers_and_drivers_change_nothing(
    cluster: Cluster, data_set: Path, alone: Path, tmp_path: Path
) -> None:
    draw, out, kills = random.Random(5), tmp_path / "latents", 0
    with start(data_set, out, cluster.address) as job:
        while job.poll() is None and kills < 3:
            time.sleep(draw.uniform(0.2, 1.5))
            here = workers()
            kills += kill(draw.choice(here)) if here else 0
        wait_until(lambda: job.poll() is not None or (out / "codec.npz").exists(), "a codec", LONG_S)
        time.sleep(draw.uniform(0.0, 1.0))
        job.kill()
    assert kills > 0
    with start(data_set, out, cluster.address) as job:
        finish(job)
    assert contents(out) == contents(alone)
