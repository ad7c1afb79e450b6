"""A data set as a plain WebDataset pipeline, for loaders other than ours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import webdataset as wds
from webdataset.tariterators import group_by_keys, tar_file_expander

from dataset.arrays import unpack
from dataset.index import read_index
from dataset.meta import meta_in
from dataset.tables import values
from schemas.sample import MAX_REFERENCES, META, TRACKS, member_names
from storage.place import Place, Where

MEMBERS = frozenset(member_names(MAX_REFERENCES, has_audio=True, baked=True))
"""Members of samples. A tar of a stranger may hold others, which decoders of webdataset would run."""


def webdataset(out: Where) -> wds.DataPipeline:
    """The samples of a data set on a disk or in an object store, shard by shard in the order of its index.

    Each is a dict: `__key__`, `meta.json` as it says, `tracks.npz` as arrays by name, all other members as
    bytes. Shards are split by node and by worker; `len` is the number of all samples. Further stages of
    webdataset follow by `compose`.

    Raises:
        ValueError: there is no index of this schema, or it names no sample.
        OSError: it cannot be read.
    """
    place = Place.at(out)
    rows = read_index(place).table
    shards = list(dict.fromkeys(values(rows["shard"])))
    keys = frozenset(values(rows["key"]))
    pipeline = wds.DataPipeline(
        wds.SimpleShardList(shards),
        wds.split_by_node,
        wds.split_by_worker,
        partial(opened, place=place),
        partial(tar_file_expander, select_files=is_member),
        group_by_keys,
        partial(decoded, keys=keys),
    )
    return pipeline.with_length(len(keys), silent=True)


def is_member(name: str) -> bool:
    """Whether a file of a tar is a member of a sample."""
    return name.partition(".")[2] in MEMBERS


def opened(shards: Iterator[dict[str, Any]], place: Place) -> Iterator[dict[str, Any]]:
    """Each shard with its bytes as a stream."""
    for shard in shards:
        with place.open(shard["url"]) as stream:
            yield shard | {"stream": stream}


def decoded(samples: Iterator[dict[str, Any]], keys: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The samples that the index names, with their numbers as arrays and what they say of themselves.

    Raises:
        DamagedError: a sample's members are not what they should be; names the sample.
    """
    for sample in samples:
        if sample["__key__"] in keys:
            yield sample | {META: meta_in(sample[META]), TRACKS: unpack(sample[TRACKS])}
