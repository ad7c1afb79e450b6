"""A data set as a plain WebDataset pipeline, for loaders other than ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import webdataset as wds
from webdataset.tariterators import group_by_keys, tar_file_expander

from dataset.arrays import unpack
from dataset.index import read_index
from dataset.meta import meta_in
from dataset.sample_files import controls_of
from media.members import decode_still
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import IndexRow
from schemas.media import Frames
from schemas.sample import MAX_REFERENCES, META, TRACKS, member_names, reference_member
from storage.place import Place, Where

MEMBERS = frozenset(member_names(MAX_REFERENCES, has_audio=True, baked=True))
"""Members of samples. A tar of a stranger may hold others, which decoders of webdataset would run."""


def webdataset(out: Where, *, pictures: bool = False) -> wds.DataPipeline:
    """The samples of a data set on a disk or in an object store, shard by shard in the order of its index.

    Each is a dict: `__key__`, `meta.json` as it says, `tracks.npz` as arrays by name, all other members as
    bytes. With `pictures` there are `skeleton` and `sphere`, the maps (t, h, w, 3), and `references`
    (r, h, w, 3) as well, as arrays. Shards are split by node and by worker; `len` is the number of all
    samples. Further stages of webdataset follow by `compose`.

    Raises:
        ValueError: there is no index of this schema, or it names no sample.
        OSError: it cannot be read.
    """
    place = Place.at(out)
    rows = {row.key: row for row in read_index(place).rows()}
    shards = list(dict.fromkeys(row.shard for row in rows.values()))
    pipeline = wds.DataPipeline(
        wds.SimpleShardList(shards),
        wds.split_by_node,
        wds.split_by_worker,
        partial(opened, place=place),
        partial(tar_file_expander, select_files=is_member),
        group_by_keys,
        partial(decoded, rows=rows, pictures=pictures),
    )
    return pipeline.with_length(len(rows), silent=True)


def is_member(name: str) -> bool:
    """Whether a file of a tar is a member of a sample."""
    return name.partition(".")[2] in MEMBERS


def opened(shards: Iterator[dict[str, Any]], place: Place) -> Iterator[dict[str, Any]]:
    """Each shard with its bytes as a stream."""
    for shard in shards:
        with place.open(shard["url"]) as stream:
            yield shard | {"stream": stream}


def decoded(
    samples: Iterator[dict[str, Any]], rows: Mapping[str, IndexRow], *, pictures: bool
) -> Iterator[dict[str, Any]]:
    """The samples that the index names, with their numbers as arrays and what they say of themselves.

    Raises:
        DamagedError: a sample's members are not what they should be; names the sample.
    """
    for sample in samples:
        row = rows.get(sample["__key__"])
        if row is not None:
            seen = pictures_of(row, sample) if pictures else {}
            yield sample | {META: meta_in(sample[META]), TRACKS: unpack(sample[TRACKS])} | seen


def pictures_of(row: IndexRow, members: Mapping[str, Any]) -> dict[str, Frames]:
    """The maps of a sample, drawn from its numbers, and its references.

    Raises:
        UnfitError: its numbers or a picture are not what they should be.
    """
    controls = controls_of(row, members[TRACKS])
    references = np.empty((row.num_references, row.height, row.width, 3), np.uint8)
    for name, out in zip(map(reference_member, range(row.num_references)), references, strict=True):
        decode_still(name, members[name], out)
    return {
        "skeleton": draw_skeleton(controls, row.width, row.height),
        "sphere": draw_spheres(controls, row.width, row.height),
        "references": references,
    }
