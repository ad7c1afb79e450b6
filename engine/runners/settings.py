"""How a job uses a cluster, and how long it waits for an item."""

from __future__ import annotations

from dataclasses import dataclass

from engine.runners.status import CurrentItem


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long an item may take, how often it is tried, and how many may fail."""

    base_s: float = 300.0
    """Seconds that every item may take in a step,"""
    per_footage_s: float = 60.0
    """and so many more for each second of its footage."""
    tries: int = 2
    """An item that broke a step, crashed its process or ran out of time so often is held back: a reject. With
    0 the first of them stops the job."""
    kills: int = 5
    """So often, where the process was killed from outside: for want of memory, or by chance."""
    max_failed_share: float = 0.05
    """The job stops where a step has failed on a larger share of what it was given in this run,"""
    min_failed: int = 20
    """and on at least so many items."""

    def times(self, reason: str) -> int:
        """How often an item may end its process for a reason."""
        return self.kills if reason == "killed" else self.tries

    def limit_s(self, spot: CurrentItem | None) -> float:
        """Seconds that a worker may stay where it is."""
        return self.base_s + (self.per_footage_s * spot.footage_s if spot else 0.0)


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """How a job uses a cluster."""

    address: str | None = None
    """A running cluster, "auto" for the one that this machine belongs to; without it this machine is one."""
    workers: int | None = None
    """Workers for legs that need no GPU, of all kinds together; None for as many as the machines hold. A
    number makes a cluster grow that can."""
    gpu_workers: int | None = None
    """Workers for legs that need a GPU, of all kinds together."""
    laps_ahead: int = 32
    """Most laps that may wait for the leg that follows: so far the cheap ones run ahead of the costly one."""
    machine_wait_s: float = 0.0
    """How long to wait for a machine that can hold a worker at all, where the cluster can grow."""
    losses: int = 20
    """The job stops where one lap was lost so often with its worker or its machine."""
