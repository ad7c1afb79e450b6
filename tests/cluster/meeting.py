"""Legs whose items wait for one another: they come to an end only where two workers are at them at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from engine.core import Step
from engine.ledger import Lap, Ledger
from engine.leg import Leg
from engine.plans import LapForLap
from pipeline import plans
from schemas.media import Listed, Source

TWO = 2


class Meeting:
    """Leaves its number where an item lies, and waits until that of another process is there."""

    def __init__(self, leg: str) -> None:
        self.leg = leg

    def __call__(self, item: Listed | Source) -> Iterator[Source]:
        """The item as a source."""
        folder = Path(item.uri).parent
        (folder / f"{self.leg}-{os.getpid()}").touch()
        while len(list(folder.glob(f"{self.leg}-*"))) < TWO:
            time.sleep(0.05)
        yield Source(key=item.key, uri=item.uri, sha256="0" * 64, num_bytes=1, origin=item.origin)


def house(*weights: str) -> list[Leg]:
    """Legs that await one another, each with weights of its own: a, b, c."""
    legs = list[Leg]()
    for name, held in zip("abc", weights, strict=True):
        step: Step[Listed | Source, Source] = Step(
            name=name,
            make=partial(Meeting, name),
            takes=Source if legs else Listed,
            gives=Source,
            memory_bytes=2**20,
            weights=frozenset({held}),
        )
        plan = whole if legs else partial(plans.listed, sources_per_lap=1)
        legs.append(Leg(name=name, steps=(step,), plan=plan, after=tuple(leg.name for leg in legs[-1:])))
    return legs


def whole(ledger: Ledger, leg: Leg) -> list[Lap]:
    """A lap for each of the leg before, once that is over."""
    return LapForLap(reads=(Source,))(ledger, leg)
