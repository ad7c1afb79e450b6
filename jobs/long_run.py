"""What all commands share that bring legs to their end: where they run, how patiently, and their flags."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import tyro

from engine.ledger import Ledger
from engine.leg import Leg
from engine.runners import inline
from engine.runners.ray import cluster
from engine.runners.ray.loopback import keep_to_loopback
from engine.runners.settings import ClusterSettings, Timeouts
from engine.runners.status import RunObserver
from jobs.console.kinds import Reasons
from pipeline.estimators.devices import num_cuda_devices


@dataclass(frozen=True, kw_only=True)
class LongRun:
    """Where and how the legs of a command run."""

    runner: Literal["inline", "ray"] = "inline"
    """On this machine, one lap after the other, or on a Ray cluster: the bytes are the same."""
    cluster: tyro.conf.OmitArgPrefixes[ClusterSettings] = field(default_factory=ClusterSettings)
    patience: Timeouts = field(default_factory=Timeouts)
    strict: bool = False
    """Stop at the first item on which a step breaks; inline, in this very process, as a debugger wants it."""
    retry: Reasons = ()
    """Try again what was rejected for these reasons, for instance failed crashed timed_out killed. What could
    not be reached (denied, unreachable) is always tried again, all else would end as before and is not."""
    force: bool = False
    """Take OUT over from a run that seems to be at work on it and is not."""

    def bring_to_end(
        self,
        legs: Sequence[Leg],
        ledger: Ledger,
        watch: RunObserver,
        *,
        unseal: Callable[[], None],
        shared: Sequence[Path | None],
        always: Sequence[str],
    ) -> None:
        """Run all legs. `shared` are folders and files that all machines must see, None for those of a store.

        Rejects for a reason of `always` are tried again by every run. `unseal` is called before anything
        changes.

        Raises:
            CannotRun: as `engine.runners.inline.run` and `engine.runners.ray.cluster.run`.
        """
        same: dict[str, Any] = {
            "unseal": unseal,
            "retry": (*self.retry, *always),
            "patience": replace(self.patience, tries=0) if self.strict else self.patience,
        }
        if self.runner == "inline":
            inline.run(legs, ledger, watch, clock=time.perf_counter, gpus=num_cuda_devices, **same)
            return
        keep_to_loopback(os.environ, self.cluster.address)  # before Ray is imported, which reads it then
        seen = [path for path in shared if path is not None]
        cluster.run(legs, ledger, watch, clock=time.monotonic, settings=self.cluster, shared=seen, **same)
