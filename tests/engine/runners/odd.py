"""A small house whose items misbehave as their addresses say."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.core import Gather, Step
from engine.ledger import Ledger
from engine.leg import Leg
from engine.plans import LapForLap, at_once
from pipeline import plans
from pipeline.corpora.listing import enlist
from pipeline.stages.corpus import copies
from schemas.media import Copies, Listed, Source
from schemas.origin import Origin
from schemas.outcome import Reject, Rejected

SIGNALS = {"segv": signal.SIGSEGV, "abort": signal.SIGABRT, "kill": signal.SIGKILL}


def misbehave(uri: str) -> None:
    """Do what the last part of an address before its number says; most do nothing."""
    what = uri.rpartition("/")[2].partition("-")[0]
    if what in SIGNALS:
        os.kill(os.getpid(), SIGNALS[what])
    elif what == "leave":
        os._exit(3)
    elif what == "hang":
        time.sleep(3600)
    elif what == "bug":
        raise KeyError(f"{uri} {secrets.token_hex()}")  # what it says differs each time
    elif what == "greedy":
        bytearray(2**62)
    elif what == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), uri)
    elif what == "bad":
        raise Rejected("unreadable", "as told")


def once(uri: str) -> None:
    """Misbehave the first time only; the address is a file that then is there."""
    mark = Path(uri)
    if not mark.exists():
        mark.touch()
        misbehave(uri)


def hashed(item: Listed) -> Iterator[Source]:
    """A source; items of the domain "once" misbehave once."""
    (once if item.origin.domain == "once" else misbehave)(item.uri)
    yield Source(key=item.key, uri=item.uri, sha256="0" * 64, num_bytes=1, origin=item.origin)


def hasher() -> object:
    """The stage."""
    return hashed


def together(items: Sequence[Source]) -> list[Copies]:
    """One group of all, unless one of them is of the domain "gather" and misbehaves."""
    for item in items:
        if item.origin.domain == "gather":
            misbehave(item.uri.replace("fine-", ""))
    return copies(items)


def each(group: Copies) -> Iterator[Source | Reject]:
    """The members of a group one by one; those of the domain "group" misbehave here."""
    for member in group.members:
        if member.origin.domain == "group":
            misbehave(member.uri.replace("fine-", ""))
        yield member


def one_by_one() -> object:
    """The stage."""
    return each


def house(sources_per_lap: int, *, gpus: float = 0.0) -> list[Leg]:
    """Two legs: hash, then one group of all."""
    hash_step = Step(name="hash", make=hasher, takes=Listed, gives=Source, gpus=gpus, memory_bytes=2**20)  # type: ignore[arg-type]
    group = Gather(name="together", group=together, takes=Source, gives=Copies)
    member_step = Step(name="each", make=one_by_one, takes=Copies, gives=Source, memory_bytes=2**20)  # type: ignore[arg-type]
    return [
        Leg(name="sources", steps=(hash_step,), plan=partial(plans.listed, sources_per_lap=sources_per_lap)),
        Leg(
            name="groups",
            steps=(group, member_step),
            plan=LapForLap(reads=(Source,)),
            after=("sources",),
        ),
    ]


def diamond(sources_per_lap: int = 1) -> list[Leg]:
    """Sources go two ways, of which the right one cuts the listing into larger laps; both ways are joined."""
    (sources, _) = house(sources_per_lap)
    right = replace(house(2)[0], name="right")
    step = Step(name="each", make=one_by_one, takes=Copies, gives=Source)  # type: ignore[arg-type]
    one = Gather(name="together", group=together, takes=Source, gives=Copies)
    join = LapForLap(reads=(Source, Source))
    return [
        sources,
        Leg(name="left", steps=(one, step), plan=LapForLap(reads=(Source,)), after=("sources",)),
        right,
        Leg(name="joined", steps=(one, step), plan=join, after=("left", "right")),
        Leg(
            name="all",
            steps=(one, step),
            plan=partial(at_once, reads=(Source,)),
            after=("joined",),
            beside=("sources",),
        ),
    ]


def listing(out: Path, *uris: str, domain: str = "talk") -> Ledger:
    """A ledger with a listing of these addresses, keyed by their last parts."""
    ledger = Ledger(out)
    rows = [
        Listed(
            key=uri.rpartition("/")[2].replace("-", ""), uri=uri, origin=Origin(licence="cc0", domain=domain)
        )
        for uri in uris
    ]
    enlist(ledger, rows, lambda: None)
    return ledger
