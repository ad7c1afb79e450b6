"""Other things are told of known files: landings carry it on, and nothing is decoded for it.

What is told stands in `retelling.json` from before anything changes until the next index says it too, so a
kill at any moment leaves a state from which the next run goes on. The rows of the legs that decode are
written again with what is told now; what else depends on it runs again, and tars are put together of the
bytes of the old ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from dataset.meta import meta_in, pack_meta
from dataset.names import INDEX, RETELLING, SOURCE_DIGITS
from dataset.tombstones import Tombstones
from engine.ledger import Ledger
from engine.leg import Leg
from engine.withdraw import restated
from pipeline.corpora.listing import relisted
from pipeline.flow import TARS, TRACKS
from pipeline.forget import sources_in, stale_laps
from pipeline.reshard import Reshard, with_tars
from pipeline.stages.shard import Members, ShardSettings, encode
from schemas.media import Listed, Source
from schemas.origin import Origin, disagreement
from schemas.sample import META, Sample
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as

CARRYING = ("sources", "clips", TRACKS)
"""Legs that open videos: their rows carry what is told, and nothing else in them depends on it."""


@dataclass(frozen=True, kw_only=True)
class Retelling:
    """What is told of known files now."""

    origins: Mapping[str, Origin]
    """By address, all that is told of a file."""
    stale: Mapping[str, tuple[str, ...]]
    """By leg, laps that run again all the same: they were to before, or a camera is another."""
    anew: tuple[str, ...]
    """What keys begin with of the sources in such laps."""

    def listed(self, row: Listed) -> Listed:
        """A listed file with what is told of it."""
        return replace(row, origin=self.origins[row.uri]) if row.uri in self.origins else row

    def carried(self, row: Any) -> Any:
        """A source, or what was cut from one or seen in it, with what is told of the source."""
        if isinstance(row, Source):
            return replace(row, origin=self.origins.get(row.uri, row.origin))
        inner = next(name for name in ("source", "video", "clip") if hasattr(row, name))
        return replace(row, **{inner: self.carried(getattr(row, inner))})


def retelling_of(
    ledger: Ledger, house: Sequence[Leg], origins: Mapping[str, Origin], tombstones: Tombstones
) -> Retelling:
    """What is to be done so that other things are told of known files, by their addresses.

    Raises:
        ValueError: a file is told to show somebody who has left.
    """
    for uri, origin in origins.items():
        if tombstones.hold_subject(origin.subject):
            raise ValueError(
                f"{uri}: is told to show {origin.subject}, who has left: understudy forget --source {uri}"
            )
    stale = {leg.name: set(stale_laps(ledger, leg)) for leg in house}
    sources = list(sources_in(ledger))
    moved = {
        name for name, one in sources if "lens" in disagreement(one.origin, origins.get(one.uri, one.origin))
    }
    stale["clips"] |= moved
    stale[TRACKS] |= moved
    again = set().union(*(stale[leg] for leg in (*CARRYING, "samples")))
    anew = {source.key for name, source in sources if name in again}
    for name in stale[TARS].intersection(ledger.names(TARS)):
        anew |= {key[:SOURCE_DIGITS] for key in ledger.columns(TARS, name, ["key"])["key"].to_pylist()}
    return Retelling(
        origins=origins,
        stale={leg: tuple(sorted(stale[leg])) for leg in CARRYING},
        anew=tuple(sorted(anew)),
    )


def begun(out: Place) -> Retelling | None:
    """What a run has begun to tell otherwise and no index says yet; None where there is nothing.

    Raises:
        ValueError: the file that says it is not ours.
    """
    if out.size(RETELLING) is None:
        return None
    return read_as(Retelling, json_at(out, RETELLING), f"{out.uri_of(RETELLING)}: not what is told of files")


def begin(out: Place, retelling: Retelling) -> None:
    """Say what will be done; to be called before anything changes."""
    out.write(RETELLING, json.dumps(asdict(retelling)).encode())


def end(out: Place) -> None:
    """The index says it all."""
    if out.size(RETELLING) is not None:
        out.remove(RETELLING)


def retell(ledger: Ledger, house: Sequence[Leg], retelling: Retelling) -> None:
    """Carry what is told through the landings of the legs that open videos, without opening any."""
    relisted(ledger, retelling.listed)
    for leg in (leg for leg in house if leg.name in CARRYING):
        for lap in leg.laps(ledger):
            landed = ledger.landed(leg.name, lap.name)
            known = landed is not None and lap.name not in retelling.stale[leg.name]
            if landed is not None and known and landed.inputs != lap.inputs:
                restated(ledger, leg, lap, retelling.carried)


def restoring(
    house: Sequence[Leg],
    out: Place,
    retelling: Retelling,
    settings: ShardSettings,
    denied: Mapping[str, str],
) -> list[Leg]:
    """The same legs, whose tars are put together of what lies in the old ones, as far as that holds."""
    if out.size(INDEX) is None:
        return list(house)
    return with_tars(house, partial(Restored, settings, out, retelling.anew, denied))


class Restored(Reshard):
    """The same tars, of samples whose bytes lie in those of the index: of these their words alone are new.

    Samples of sources that begin with one of `anew`, those of other schemas and new ones are encoded.
    """

    def __init__(
        self, settings: ShardSettings, out: Place, anew: Sequence[str], denied: Mapping[str, str]
    ) -> None:
        super().__init__(settings, out, denied)
        self.anew = frozenset(anew)

    def members(self, sample: Sample, folder: Path) -> Members:
        """The members of a sample.

        Raises:
            UnfitError: the bytes of an old tar are not those of the index.
        """
        old = None if sample.key[:SOURCE_DIGITS] in self.anew else self.stored(sample.key)
        if old is None:
            return encode(sample, folder, self.settings, self.speech)
        return {**old, META: pack_meta(sample, meta_in(old[META])["quality"])}
