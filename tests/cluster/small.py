"""A small Ray cluster of several machines on this one, and what a test may do to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psutil
from ray.cluster_utils import Cluster

from tests.processes import program


@contextmanager
def machines(number: int) -> Iterator[Cluster]:
    """A head without work and so many machines of one processor each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(number):
            cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes(timeout=120)  # on a busy machine Ray starts slowly
        yield cluster
    finally:
        cluster.shutdown()


def start(
    videos: str | Path, out: str | Path, truths: Path, address: str
) -> AbstractContextManager[subprocess.Popen[str]]:
    """The job of `tests.cluster.job` in a process of its own, which goes when the block ends."""
    command = (sys.executable, "-m", "tests.cluster.job", videos, out, truths, address)
    return program(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def on(address: str) -> list[str]:
    """The flags of a command that runs there, on two workers."""
    return ["--runner", "ray", "--address", address, "--workers", "2"]


def workers() -> list[psutil.Process]:
    """Our actors' processes on the machines of this test process, oldest first."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if " ".join(process.cmdline()).startswith("ray::PoolWorker"):
                found.append(process)
    return sorted(found, key=psutil.Process.create_time)


def kill(process: psutil.Process) -> bool:
    """Kill a process as the kernel would; whether it was there."""
    with suppress(psutil.Error):
        process.send_signal(signal.SIGKILL)
        return True
    return False
