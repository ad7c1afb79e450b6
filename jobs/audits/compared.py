"""What samples are to each other: copies of one another, and on which side of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataset.index import Index
from jobs.audits.copies import copies
from jobs.audits.voices import source_offsets
from schemas.media import FPS

Codes = NDArray[np.int64]
IDENTITIES = ("subject", "person", "take")
"""Columns of an index that name who, or which moment, is seen; empty where nobody said."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a training makes of the samples of a set."""

    held_out: float = 0.005
    """Share of the sources that it holds out."""
    held_keys: frozenset[str] | None = None
    """The samples that it holds out, where that is another's choice."""
    pairs: pa.Table | None = None
    """Drivers and targets that it learns from: see `schemas.pairs`; None where each sample drives itself."""


def compared(index: Index, measures: pa.Table, use: Use) -> pa.Table:
    """What each sample is to the others, by its key.

    `copies` and `alike`: how many samples of other sources and of its own show the same pictures; `copy_of`:
    the first of those of other sources; `held_out`: on which side of training it is; `leaks`: 1 where its
    pictures or its person are on both; `driver_is_target`: pairs of which it is the target, and whose driver
    shows the same pictures, null where there are no pairs; `source_offset_ms`: how late the sound of its
    source is, null where that is not told or it has no sound.
    """
    keys = index.table["key"].to_pylist()
    group, source = groups(keys, measures), index.codes("source_sha256")[0]
    held = held_keys(index, use.held_out) if use.held_keys is None else use.held_keys
    side = np.array([key in held for key in keys], np.bool_)
    both = on_both_sides(group, side)
    for name in IDENTITIES:
        if name in index.table.column_names:
            code, words = index.codes(name)
            both |= on_both_sides(code, side) & (np.array([*words, ""], object)[code] != "")
    everywhere, own = sizes(group), sizes(pairs(group, source))
    first = first_elsewhere(group, source)
    return pa.table(
        {
            "key": keys,
            "copies": everywhere - own,
            "alike": own - 1,
            "copy_of": [None if at < 0 else keys[at] for at in first.tolist()],
            "held_out": side,
            "leaks": both.astype(np.int64),
            "driver_is_target": driven_by_themselves(index, group, use.pairs),
            "source_offset_ms": sound_of_sources(index, keys, measures),
        }
    )


def sound_of_sources(index: Index, keys: Sequence[str], measures: pa.Table) -> pa.Array:
    """Of each sample with sound how late that of its source is, ms."""
    curves = dict(zip(measures["key"].to_pylist(), measures["mouth"].to_pylist(), strict=True))
    source = index.codes("source_sha256")[0]
    offset = source_offsets(index.values("frames"), source, [curves.get(key, "") for key in keys])[source]
    return pa.array(offset, mask=np.isnan(offset) | ~index.values("has_audio").astype(np.bool_))


def groups(keys: Sequence[str], measures: pa.Table) -> Codes:
    """A number for each sample, the same for those that show the same pictures."""
    prints = dict(zip(measures["key"].to_pylist(), measures["fingerprint"].to_pylist(), strict=True))
    known = [place for place, key in enumerate(keys) if key in prints]
    group = np.arange(len(keys))
    if known:
        found = copies([prints[keys[place]] for place in known])
        group[known] = np.asarray(known)[np.unique(found, return_index=True)[1]][found]
    return np.asarray(group, np.int64)


def driven_by_themselves(index: Index, group: Codes, pairs: pa.Table | None) -> pa.Array:
    """Of each sample how many pairs have it as their target and the same pictures as their driver.

    Those are windows of one source that share a moment, and copies of one another, wherever they begin.
    """
    if pairs is None:
        return pa.nulls(len(index), pa.int64())
    place = {key: at for at, key in enumerate(index.table["key"].to_pylist())}
    source, start_s = index.codes("source_sha256")[0], index.values("start_s")
    driver, target = (
        np.array([place.get(key, -1) for key in pairs[f"{who}_key"].to_pylist()], np.int64)
        for who in ("driver", "target")
    )
    began = [
        start_s[at] + pairs[f"{who}_start"].to_numpy() / FPS
        for who, at in (("driver", driver), ("target", target))
    ]
    shared = np.abs(began[0] - began[1]) < pairs["frames"].to_numpy() / FPS
    same = np.where(source[driver] == source[target], shared, group[driver] == group[target])
    known = (driver >= 0) & (target >= 0)
    return pa.array(np.bincount(target[known & same], minlength=len(index)))


def held_keys(index: Index, held_out: float) -> set[str]:
    """Keys of the samples that a training with this share holds out."""
    _, validation = index.split(held_out)
    return set(validation.table["key"].to_pylist()) if validation else set()


def sizes(code: Codes) -> Codes:
    """How many have the code of each."""
    return np.asarray(np.bincount(code)[code], np.int64)


def pairs(one: Codes, other: Codes) -> Codes:
    """A code for each pair of codes."""
    return np.asarray(
        np.unique(one * (int(other.max(initial=0)) + 1) + other, return_inverse=True)[1], np.int64
    )


def on_both_sides(code: Codes, side: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether samples with the code of each are on both sides."""
    held = np.bincount(code, side)[code]
    return np.asarray((held > 0) & (held < sizes(code)), np.bool_)


def first_elsewhere(group: Codes, source: Codes) -> Codes:
    """Of each the first sample of its group that is of another source, -1 where there is none."""
    first = np.full(len(group), -1, np.int64)
    order = np.lexsort((np.arange(len(group)), group))
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(members) > 1:
            for place in members.tolist():
                others = members[source[members] != source[place]]
                first[place] = others[0] if len(others) else -1
    return first
