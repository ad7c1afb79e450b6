"""What the order of samples depends on, of an index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.index import Index
from model.data.canvas import canvases
from model.data.epoch_order import SamplingTable
from model.data.groups import Group
from model.data.rng import Words


def sampling_table(index: Index, groups: Sequence[Group], area: int | None = None) -> SamplingTable:
    """What the order of an index's samples depends on, which are shown on canvases of an area at most, px."""
    width, height = canvases(index.numbers("width"), index.numbers("height"), area)
    return SamplingTable(
        digest=index.digest,
        ident=idents(index.table["sha256"]),
        shard=index.codes("shard")[0],
        width=width,
        height=height,
        frames=index.numbers("frames"),
        references=index.numbers("num_references"),
        group=grouped(index, groups),
        data_set=np.zeros(len(index), np.int64),
    )


def grouped(index: Index, groups: Sequence[Group]) -> NDArray[np.int64]:
    """For each row, the first group that takes it, -1 where none does."""
    (framing, framings), (domain, domains) = index.codes("framing"), index.codes("domain")
    found = np.full(len(index), -1, np.int64)
    for number, group in reversed(list(enumerate(groups))):
        taken = np.isin(framing, [framings.index(name) for name in group.framings if name in framings])
        if group.domains:
            taken &= np.isin(domain, [domains.index(name) for name in group.domains if name in domains])
        found[taken] = number
    return found


def idents(sha256: pa.ChunkedArray) -> Words:
    """A number for each digest: its first 64 bits."""
    digits = "".join(pc.utf8_slice_codeunits(sha256.cast(pa.string()), 0, 16).to_pylist())
    return np.frombuffer(bytes.fromhex(digits), ">u8").astype(np.uint64)
