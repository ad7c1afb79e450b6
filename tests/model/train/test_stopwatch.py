"""Where the time of a step goes."""

from __future__ import annotations

import itertools

import torch

from model.train.stopwatch import Stopwatch, most_memory


def test_parts_add_up_and_begin_anew() -> None:
    ticks = itertools.count()
    watch = Stopwatch(torch.device("cpu"), lambda: float(next(ticks)))
    for name in ("wait", "forward", "wait"):
        with watch.lap(name):
            pass
    assert watch.read() == {"wait": 2.0, "forward": 1.0, "step": 3.0}
    assert watch.read() == {"step": 0.0}


def test_memory_is_that_of_this_process() -> None:
    assert 0.05 < most_memory(torch.device("cpu")) < 100
