"""`run.json` of a data set: its settings and what made it; `next.json` while a run makes its next index.

The old index and its tars hold until the new index takes the place of the old one; then `next.json` becomes
`run.json`. So whoever reads the data set, or stops a run, meets a whole one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from typing import Any

from dataset.index_writer import of_tar, write_index
from dataset.names import INDEX, NEXT, RUN, WITHDRAWN
from dataset.tombstones import Tombstones, tombstones_of
from engine.differences import as_plain
from engine.identity import unsaid
from engine.ledger import Ledger, digest
from engine.leg import Leg
from jobs.stored.addresses import holds_server, storable
from jobs.stored.files import write
from pipeline.flow import SAMPLES, TARS, TRACKS, Curation, legs
from pipeline.stages.corpus import CorpusSettings
from schemas.tracks import Tracked
from schemas.version import DRAWING, SCHEMA
from storage.disk import sha256_of
from storage.json_files import json_at
from storage.place import Place, Where
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class StoredCuration:
    """What a data set says of how it was made."""

    videos: str = ""
    """Where they lay; empty where that address chose a server, which a data set does not."""
    corpus: CorpusSettings = field(default_factory=CorpusSettings)
    drop_gone: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    legs: Mapping[str, str] = field(default_factory=dict)
    """By leg, what its work was known by: see `digests`."""
    facets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By leg that has any, what the work on each of its facets was known by."""
    unsaid: Mapping[str, str] = field(default_factory=dict)
    """What counts beside the settings, by name: versions of steps and estimators, digests of weights."""
    index: str = ""
    """sha256 of the index that was made so."""
    tombstones: str = ""
    """Seal of those of the data set (`dataset.tombstones`); empty where nobody has left."""
    schema: int = SCHEMA
    drawing: int = DRAWING
    pipeline: int | None = None
    """Of sets of earlier versions: one number for the rules of all steps."""
    code: str = ""
    recipe: str = "default"
    estimators: Mapping[str, Any] = field(default_factory=dict)
    """By role, the card of each."""


def stored_in(out: Place) -> StoredCuration | None:
    """What the last run on a data set was to make; None where there was none.

    Raises:
        ValueError: the file that says it is not ours.
        OSError: it cannot be read.
    """
    name = NEXT if out.size(NEXT) is not None else RUN
    if out.size(name) is None:
        return None if out.size(INDEX) is None else StoredCuration()
    return stored_as(out, name)


def stored_as(place: Place, name: str) -> StoredCuration:
    """What a file says of how a data set was made.

    Raises:
        ValueError: it is not ours.
        OSError: it cannot be read.
    """
    what = f"{place.uri_of(name)}: not the settings of a run"
    return at_no_server(read_as(StoredCuration, json_at(place, name), what))


def at_no_server(stored: StoredCuration) -> StoredCuration:
    """Settings as they are followed: an address that names a server may be a stranger's."""
    return replace(stored, videos="") if holds_server(stored.videos) else stored


def configured(file: str) -> StoredCuration:
    """What a file asks for that was written by a run or by hand, such as `--config` names.

    Raises:
        ValueError: it names no settings, or some that there are not.
        OSError: it cannot be read.
    """
    place, name = Place.holding(file)
    what = f"{file}: not the settings of a run"
    asked = read_as(StoredCuration, json_at(place, name), what, others="forbid")
    if not asked.settings:
        raise ValueError(f"{what} (there is nothing under 'settings')")
    read_as(Curation, asked.settings, what, others="forbid")
    return at_no_server(asked)


def own_tombstones(out: Place) -> Tombstones:
    """Who has left a data set.

    Raises:
        ValueError: the file that says it is another's, is not ours, or is gone.
        OSError: it cannot be read.
    """
    stones, stored = tombstones_of(out), stored_in(out)
    if stored is not None and stored.tombstones != stones.seal:
        raise ValueError(
            f"{out.uri_of(WITHDRAWN)}: not the tombstones that {RUN} knows: another data set's, or lost"
        )
    return stones


def seal(out: Place) -> None:
    """Say in `run.json` which tombstones are the data set's, and which index it has since."""
    if out.size(RUN) is not None:
        content = json_at(out, RUN)
        index = {"index": sha256_at(out, INDEX)} if content.get("index") else {}
        write(out, RUN, {**content, **index, "tombstones": tombstones_of(out).seal})


def sha256_at(place: Place, name: str) -> str:
    """Digest of a file; empty where there is none."""
    return sha256_of(place.chunks(name)) if place.size(name) is not None else ""


def has_todays_videos(out: Place, settings: Curation) -> bool:
    """Whether the tars of an index were made as these settings make them, but for who is seen where.

    Estimators, controls and references may be others. An index that `run.json` does not name is none: a run
    was killed between the two, or an earlier version wrote them.
    """
    if out.size(RUN) is None or out.size(INDEX) is None:
        return False
    stored, now = stored_as(out, RUN), digests(settings)
    same = all(stored.legs.get(leg) == now[leg] for leg in now if leg not in (TRACKS, SAMPLES))
    return same and stored.index == sha256_at(out, INDEX)


def settings_of(out: Place) -> Curation:
    """The settings of the last run on a data set.

    Raises:
        ValueError: there is no data set, or its settings are not those of this version.
        OSError: they cannot be read.
    """
    stored = stored_in(out)
    if stored is None:
        raise ValueError(f"{out}: no data set")
    if not stored.settings:
        raise ValueError(f"{out}: does not say the settings of its run")
    return read_as(Curation, stored.settings, f"{out}: not the settings of a run")


def digests(settings: Curation) -> dict[str, str]:
    """For each leg a digest of what its work is known by: settings, versions of its steps, sizes of laps."""
    return {leg.name: digest(leg.settings, repr(sizes(leg))) for leg in legs(settings, "")}


def known_by(stored: StoredCuration, settings: Curation) -> dict[str, str]:
    """What each leg's work was known by, in today's words where a data set of schema 1 told the same work."""
    now = digests(settings)
    earlier = {leg.name: digest(leg.earlier, repr(sizes(leg))) for leg in legs(settings, "") if leg.earlier}
    return {leg: now[leg] if was == earlier.get(leg) else was for leg, was in stored.legs.items()}


def facet_digests(settings: Curation) -> dict[str, dict[str, str]]:
    """For each leg that has facets, digests of what the work on each is known by."""
    return {leg.name: leg.facets for leg in legs(settings, "") if leg.facets}


def unsaid_of(settings: Curation) -> dict[str, str]:
    """What counts beside what settings say, by name."""
    steps = {step.name: f"version {step.version}" for leg in legs(settings, "") for step in leg.steps}
    return {**steps, **dict(unsaid(settings))}


def sizes(leg: Leg) -> dict[str, int]:
    """How a leg's laps are cut."""
    given: dict[str, Any] = getattr(leg.plan, "keywords", {})
    return {name: value for name, value in given.items() if isinstance(value, int)}


@dataclass(frozen=True, kw_only=True)
class NextIndex:
    """The way from the index of a data set, if there is one, to its next."""

    out: Place
    videos: Where
    corpus: CorpusSettings
    drop_gone: bool
    settings: Curation

    def begin(self) -> None:
        """Say what will be made; to be called before anything changes."""
        write(self.out, NEXT, self.content())

    @property
    def begun(self) -> bool:
        """Whether anything has changed."""
        return self.out.size(NEXT) is not None

    def publish(self) -> None:
        """Put the new index in place of the old one, and say what made it."""
        if self.begun:
            ledger = Ledger(self.out)
            write_index(
                self.out, [of_tar(partial(ledger.columns, TARS, name)) for name in ledger.names(TARS)]
            )
        write(self.out, RUN, {**self.content(), "index": sha256_at(self.out, INDEX)})
        self.out.remove(NEXT)

    def content(self) -> dict[str, Any]:
        """What the files say."""
        stored = StoredCuration(
            videos=storable(self.videos),
            corpus=self.corpus,
            drop_gone=self.drop_gone,
            settings=as_plain(self.settings),
            legs=digests(self.settings),
            facets=facet_digests(self.settings),
            unsaid=unsaid_of(self.settings),
            tombstones=tombstones_of(self.out).seal,
            code=version("understudy"),
            estimators=estimators_in(Ledger(self.out), self.settings),
        )
        return asdict(stored)


def estimators_in(ledger: Ledger, settings: Curation) -> dict[str, Any]:
    """The estimators by role, as the first clip tells that has landed with its tracks, and that of speech."""
    for name, landed in ledger.all_landed(TRACKS):
        if landed.rows:
            tracked = next(ledger.rows(TRACKS, name, Tracked))
            cards = tracked.provenance | {"speech": settings.shard.speech.card}
            return {role: asdict(card) for role, card in cards.items()}
    return {}
