"""Room for the batches that workers make, in the memory that processes share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  where Linux keeps it
HELD = 2
"""Batches of a rank that are made and still in use, while workers make others."""
MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class SharedMemory:
    """Shared memory of this machine, bytes, and how many ranks live on it."""

    free: int
    size: int
    ranks: int

    def batches_each(self, largest: int, workers: int) -> int:
        """Batches that each worker of a rank may make ahead.

        Raises:
            ValueError: not one: the worker that runs out of it would die of a bus error.
        """
        most = min(self.free, self.size // self.ranks) // largest - HELD
        if most >= workers:
            return most // workers
        least = workers + HELD
        size, free, wanted, each = (
            number / MIB for number in (self.size, self.free, least * largest, largest)
        )
        raise ValueError(
            f"shared memory is too small: {SHARED_MEMORY} has {size:.0f} MiB, {free:.0f} MiB of them free, "
            f"for {self.ranks} ranks of this machine; {workers} workers need {wanted:.0f} MiB a rank, "
            f"for {least} batches of up to {each:.0f} MiB. Make it larger (a container's: --shm-size), "
            "lower max_tokens or workers, or set workers to 0"
        )


def shared_memory(
    environment: Mapping[str, str] = os.environ, folder: Path = SHARED_MEMORY
) -> SharedMemory | None:
    """The shared memory of this machine; None where it has no size of its own."""
    try:
        facts = os.statvfs(folder)
    except OSError:
        return None
    ranks = int(environment.get("LOCAL_WORLD_SIZE", "1"))  # as torchrun says
    return SharedMemory(
        free=facts.f_bavail * facts.f_frsize, size=facts.f_blocks * facts.f_frsize, ranks=ranks
    )
