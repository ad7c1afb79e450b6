"""Where the time of a step goes: waiting for data, the way there, the way back, the step itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch

Lap = Literal["wait", "forward", "backward", "optimizer"]


class Stopwatch:
    """Adds up seconds by part. On a GPU, which works behind the program's back, by events of its own."""

    def __init__(self, device: torch.device, clock: Callable[[], float]) -> None:
        self.device, self.clock = device, clock
        self.seconds: dict[str, float] = {}
        self.events: list[tuple[Lap, torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def lap(self, name: Lap) -> Iterator[None]:
        """Count the block to a part."""
        if self.device.type == "cuda" and name != "wait":
            events = (torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True))
            events[0].record()
            yield
            events[1].record()
            self.events.append((name, *events))
            return
        began = self.clock()
        yield
        self.add(name, self.clock() - began)

    def add(self, name: Lap, seconds: float) -> None:
        """Count seconds to a part."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def read(self) -> dict[str, float]:
        """Seconds of each part since the last reading, and of all together."""
        if self.events:
            self.events[-1][2].synchronize()
        for name, began, ended in self.events:
            self.add(name, began.elapsed_time(ended) / 1000)
        seconds, self.seconds, self.events = self.seconds, {}, []
        return {**seconds, "step": sum(seconds.values())}


def most_memory(device: torch.device) -> float:
    """GiB that were taken of a device at most, so far, by this process."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 2**30
    from resource import RUSAGE_SELF, getrusage

    return getrusage(RUSAGE_SELF).ru_maxrss / 2**20
