"""Tars of a set that has an index: what of a sample would be made as it lies there is taken from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dataset.arrays import pack, unpack
from dataset.index_rows import IndexRows
from dataset.meta import meta_in, pack_meta
from dataset.reader import members_of
from dataset.withdraw import whole
from engine.core import Step
from engine.leg import Leg
from pipeline.flow import TARS
from pipeline.stages.shard import Members, Shard, ShardSettings, encode, tracks
from schemas.index import IndexRow, ShardPlan
from schemas.outcome import DamagedError, Reject, UnfitError
from schemas.sample import FACE, META, SKELETON, SPHERE, TRACKS, VIDEO, Sample
from schemas.version import DRAWING, SCHEMA
from storage.place import Where

SHOWN = ("span", "frames", "size", "to_canvas", "window")
"""What of `meta.json` tells which pictures of a source are shown, and how."""


def with_tars(house: Sequence[Leg], make: Any) -> list[Leg]:
    """The legs, that of tars with another stage that gives the same bytes."""
    return [with_stage(leg, make) if leg.name == TARS else leg for leg in house]


def with_stage(leg: Leg, make: Any) -> Leg:
    """A leg of one step, made by another stage."""
    (step,) = leg.steps
    assert isinstance(step, Step)
    return replace(leg, steps=(replace(step, make=make),))


def reusing(
    house: Sequence[Leg], settings: ShardSettings, out: Where, denied: Mapping[str, str]
) -> list[Leg]:
    """The same legs, which encode no video that lies in the index's tars as it would be made.

    Those tars must be made by today's rules and settings, but for what estimators and `samples` say.
    """
    return with_tars(house, partial(Reshard, settings, out, dict(denied)))


class Reshard(Shard):
    """The same tars as a `Shard` makes, byte for byte; videos that would be the same are taken over."""

    def __init__(self, settings: ShardSettings, out: Where, denied: Mapping[str, str]) -> None:
        super().__init__(settings, out, denied)
        self.index = IndexRows(self.out)
        self.rows: dict[str, IndexRow] = {}

    def __call__(self, plan: ShardPlan) -> Iterator[IndexRow | Reject]:
        """As a `Shard`."""
        found = self.index.of([sample.key for sample in plan.members])
        self.rows = {row.key: row for row in found if row.schema == SCHEMA}
        yield from super().__call__(plan)

    def members(self, sample: Sample, folder: Path) -> Members:
        """The members of a sample; where its old bytes are not those of the index, all of them are made."""
        try:
            old = self.stored(sample.key)
            known = same_videos(sample, old) if old is not None else {}
        except (UnfitError, DamagedError, FileNotFoundError):
            known = {}
        return encode(sample, folder, self.settings, self.speech, known)

    def stored(self, key: str) -> Members | None:
        """The members of a sample as they lie in a tar of the index; None where it has none of this schema.

        Raises:
            UnfitError: other bytes are there than were indexed.
            OSError: the tar cannot be read.
        """
        row = self.rows.get(key)
        return None if row is None else members_of(row, whole(self.out, row))


def same_videos(sample: Sample, old: Members) -> Members:
    """The videos among the old members of a sample that would be the same if they were encoded now.

    Of the same stretch of the same source, shown on the canvas in the same way; faces where they are in the
    same places, drawn maps where all numbers are the same.

    Raises:
        DamagedError: the old members tell nothing.
    """
    was, now = meta_in(old[META]), meta_in(pack_meta(sample, {}))
    if was["source"]["sha256"] != now["source"]["sha256"] or any(was[name] != now[name] for name in SHOWN):
        return {}
    names, arrays, numbers = [VIDEO], tracks(sample.scene), unpack(old[TRACKS])
    if all(np.array_equal(arrays[name], numbers[name]) for name in ("face_box", "face_valid")):
        names.append(FACE)
    if was["drawing"] == DRAWING and pack(arrays) == old[TRACKS]:
        names += [SKELETON, SPHERE]
    return {name: old[name] for name in names if name in old}
