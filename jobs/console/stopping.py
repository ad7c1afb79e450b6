"""Ctrl-C and SIGTERM for work that is better stopped after its step than in it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTICE = b"understudy: stopping after this step, with a checkpoint; once more stops at once\n"


class StopRequest:
    """Whether somebody has asked to stop. The second time, and where nothing is lost, that is at once."""

    def __init__(self) -> None:
        self.made = False
        self.unsaved = False
        """Work was done that no checkpoint has."""

    def __call__(self) -> bool:
        """Whether a stop was asked for."""
        return self.made

    def hear(self, number: int, frame: FrameType | None) -> None:
        """A signal has come."""
        if self.made or not self.unsaved:
            signal.default_int_handler(number, frame)
        self.made = True
        os.write(2, NOTICE)


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """A request that signals make while the block lasts; those that are ignored stay so."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, request.hear) for number in heard}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
