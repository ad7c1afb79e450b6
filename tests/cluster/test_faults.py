"""Machines, workers and drivers that die: the same bytes as from an undisturbed job in one process."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from engine.audit import audit
from jobs.commands.check import pipeline_legs
from tests.cluster.small import kill, machines, start, workers
from tests.processes import wait_until
from tests.resume.job import contents, landed

pytestmark = pytest.mark.timeout(600)
LONG_S = 240.0
KILLS = 4
"""Of each kind; `benchmarks.faults` makes two hundred."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with machines(2) as cluster:
        yield cluster


def markers(out: Path) -> int:
    return len(list(out.rglob("*.done")))


def finish(job: subprocess.Popen[str]) -> str:
    result, _ = job.communicate(timeout=LONG_S)
    assert job.returncode == 0, result
    return result


def assert_same(out: Path, undisturbed: Path) -> None:
    """The same shards, index and landings, and every promise kept: nothing lost, nothing twice."""
    assert contents(out) == contents(undisturbed)
    assert landed(out) == landed(undisturbed)
    report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda done, total: None)
    assert [name for name, verdict in report.items() if verdict.failed] == []


@pytest.mark.long
def test_workers_killed_at_random_moments(
    cluster: Cluster, films: Path, undisturbed: Path, tmp_path: Path
) -> None:
    draw = random.Random(0)
    kills = 0
    for attempt in range(KILLS):
        out = tmp_path / f"set{attempt}"
        with start(films / "videos", out, films / "truths", cluster.address) as job:
            while job.poll() is None and kills < KILLS:
                time.sleep(draw.uniform(0.2, 1.5))
                here = workers()
                kills += kill(draw.choice(here)) if here else 0
            finish(job)
        assert_same(out, undisturbed)
        if kills >= KILLS:
            break
    assert kills >= KILLS


@pytest.mark.long
def test_the_driver_killed_at_random_moments(
    cluster: Cluster, films: Path, undisturbed: Path, tmp_path: Path
) -> None:
    draw = random.Random(1)
    kills, out = 0, tmp_path / "set"
    while kills < KILLS:
        wanted = markers(out) + draw.randrange(3)
        with start(films / "videos", out, films / "truths", cluster.address) as job:
            wait_until(lambda: job.poll() is not None or markers(out) >= wanted, "laps", LONG_S)  # noqa: B023
            time.sleep(draw.uniform(0.0, 0.5))
            kills += job.poll() is None
            job.kill()
        if job.returncode == 0:  # it was done before its time: another
            assert_same(out, undisturbed)
            out = tmp_path / f"set after {kills}"
    with start(films / "videos", out, films / "truths", cluster.address) as job:
        finish(job)
    assert_same(out, undisturbed)


@pytest.mark.long
def test_a_machine_is_taken_away(cluster: Cluster, films: Path, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    extra = cluster.add_node(num_cpus=1)
    with start(films / "videos", out, films / "truths", cluster.address) as job:
        wait_until(lambda: markers(out) >= 4 or job.poll() is not None, "four laps", LONG_S)
        for node in [node for node in cluster.worker_nodes if node is not extra]:
            cluster.remove_node(node, allow_graceful=False)
        finish(job)
    assert_same(out, undisturbed)
    cluster.add_node(num_cpus=1)
