"""Stored latents: found where sample, window, autoencoder and rules are the same, and read as samples are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dataset.arrays import plain_array
from dataset.conditions import extra_of
from dataset.reader import Members
from dataset.tar import MAX_SAMPLE_BYTES
from dataset.trusted_rows import MAX_SIDE_PX, trusted_rows
from model.data.epoch_order import Epoch, SamplingTable
from model.data.prefetch import Stored
from model.data.rng import Ints, Words, stirred
from model.data.sampling_table import idents
from schemas.arrow import decode, encode
from schemas.index import IndexRow
from schemas.latents import CAPTION, CAPTION_TOKENS, INDEX, MEMBER, LatentRow, text_digest
from schemas.media import MAX_CLIP_FRAMES
from schemas.outcome import UnfitError
from schemas.version import LATENTS, MIRRORED_LATENTS, READABLE
from storage.place import Place

Halves = NDArray[np.float16]
LIMITS = {
    "schema": (READABLE[0], READABLE[-1]),
    "start": (0, MAX_CLIP_FRAMES),
    "frames": (0, MAX_CLIP_FRAMES),
    "offset": (0, 2**50),
    "size": (1, MAX_SAMPLE_BYTES),
    "channels": (1, 8192),
    "times": (1, max(MAX_CLIP_FRAMES, CAPTION_TOKENS)),
    "height": (1, MAX_SIDE_PX),
    "width": (1, MAX_SIDE_PX),
}


class FoundLatents(NamedTuple):
    """The stored latents of one draw."""

    window: Stored[LatentRow]
    references: Stored[LatentRow]


class Latents:
    """What networks read of samples, stored in some folders: by one autoencoder or text encoder.

    Raises (at birth):
        ValueError: a folder holds no latents of this schema.
        OSError: the storage does not answer.
    """

    def __init__(self, roots: Sequence[str], encoder: str) -> None:
        self.roots = roots
        tables = [trusted_rows(Place.at(root), INDEX, LatentRow, LIMITS) for root in roots]
        table = pa.concat_tables(tables).combine_chunks()
        folder = np.repeat(np.arange(len(tables)), [one.num_rows for one in tables])
        ours = pc.is_in(table["rules"], value_set=pa.array([LATENTS, MIRRORED_LATENTS], table["rules"].type))
        fits = pc.and_(pc.equal(table["vae"].cast(pa.string()), encoder), ours)
        self.table, self.folder = table.filter(fits), folder[np.asarray(fits.to_numpy(), np.bool_)]
        self.num_others = int(pc.sum(pc.and_(pc.invert(fits), pc.greater(table["frames"], 0))).as_py() or 0)
        start, frames = (np.asarray(self.table[name].to_numpy(), np.int64) for name in ("start", "frames"))
        mirrored = np.asarray(self.table["rules"].to_numpy() == MIRRORED_LATENTS, np.int64)
        codes = codes_of(idents(self.table["sample_sha256"]), start, frames, mirrored)
        self.order = np.argsort(codes, kind="stable")
        self.codes = codes[self.order]

    def places(self, ident: Words, start: Ints, frames: Ints, mirrored: Ints | int = 0) -> Ints:
        """Row of the latents of each window, as stored or (1) in a mirror; -1 where there are none."""
        codes = codes_of(ident, start, frames, mirrored)
        at = np.searchsorted(self.codes, codes)
        known = at < len(self.codes)
        known[known] = self.codes[at[known]] == codes[known]
        found = np.full(len(codes), -1)
        found[known] = self.order[at[known]]
        return found

    def slots(self, samples: SamplingTable, epoch: Epoch, *, mirrored: bool) -> NDArray[np.bool_]:
        """For each slot of an epoch, whether all of its draws have latents; in a mirror too, if asked for."""
        ident, none = samples.ident[epoch.row], np.zeros_like(epoch.row)
        has = np.ones(len(ident), bool)
        for side in range(1 + mirrored):
            has &= self.places(ident, epoch.start, epoch.frames, side) >= 0
            has &= self.places(ident, none, none, side) >= 0
        return np.logical_and.reduceat(has, epoch.bounds[:-1])

    def found(self, row: IndexRow, start: int, frames: int, *, mirrored: bool) -> FoundLatents:
        """Where the latents of a window lie that has some."""
        ident = np.array([int(row.sha256[:16], 16)] * 2, np.uint64)
        numbers = self.places(ident, np.array([start, 0]), np.array([frames, 0]), int(mirrored))
        window, references = numbers.tolist()
        return FoundLatents(self.stored(window), self.stored(references))

    def caption(self, text: str) -> Stored[LatentRow] | None:
        """Where the embedding of a text lies, if it has one; no text has none."""
        if not text:
            return None
        ident, none = np.array([int(text_digest(text)[:16], 16)], np.uint64), np.zeros(1, np.int64)
        number = int(self.places(ident, none, none)[0])
        return None if number < 0 else self.stored(number)

    def captions(self, rows: Iterable[IndexRow]) -> tuple[Stored[LatentRow] | None, ...]:
        """Where the captions of samples lie, each as `caption` says; none at all where no sample has one."""
        found = tuple(self.caption(caption_of(row.extra)) for row in rows)
        return found if any(found) else ()

    @property
    def width(self) -> int:
        """Numbers of a caption's token, 0 where there is none."""
        return int(pc.max(self.table["channels"]).as_py() or 0)

    def stored(self, number: int) -> Stored[LatentRow]:
        """A row and its folder."""
        return Stored(int(self.folder[number]), decode(self.table.slice(number, 1), LatentRow)[0])

    def coverage(self, slots: NDArray[np.bool_], epoch: int) -> str:
        """For a person: how much of an epoch is encoded, and why not all of it."""
        matched, whole = np.count_nonzero(slots), len(slots)
        message = f"latents in {', '.join(self.roots)} match {matched} of {whole} batches of epoch {epoch}"
        if matched < whole:
            message += (
                "; the others are decoded: their windows, samples or references are not among those encoded"
            )
            if self.num_others:
                message += f", and {self.num_others} rows are of another autoencoder or other rules"
        return message


def caption_of(extra: str) -> str:
    """The caption in a row's `extra`, empty where there is none."""
    return extra_of(extra).get(CAPTION, "").strip()


def codes_of(ident: Words, start: Ints, frames: Ints, mirrored: Ints | int) -> Words:
    """One number for each window of each sample, and another for it in a mirror."""
    return stirred(ident, (start << 32 | mirrored << 31 | frames).astype(np.uint64))


def latents_in(row: LatentRow, members: Members) -> Halves:
    """The latents of a row.

    Raises:
        UnfitError: wrong_latents.
    """
    try:
        found = plain_array(members[MEMBER])
    except (KeyError, ValueError) as error:
        raise UnfitError("wrong_latents", f"{row.key}: {error}") from error
    wanted = (row.times, row.channels) if row.frames == 0 else (row.channels, row.times)
    if found.dtype != np.float16 or found.shape != (*wanted, row.height, row.width):
        raise UnfitError("wrong_latents", f"{row.key}: {found.dtype} {found.shape}")
    return found


def write_index(root: str, rows: Iterable[LatentRow]) -> int:
    """Write `latents.parquet`, in the order of the keys; gives the number of rows."""
    table = encode(sorted(rows, key=lambda row: row.key), LatentRow)
    data = pa.BufferOutputStream()
    pq.write_table(table, data, compression="zstd", row_group_size=2**16)
    Place.at(root).write(INDEX, data.getvalue().to_pybytes())
    return int(table.num_rows)
