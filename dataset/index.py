"""The index of a data set, read: which samples there are, and where each lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataset.conditions import KINDS, condition_of, extra_of
from dataset.holding import groups
from dataset.index_tables import index_table
from dataset.names import INDEX, NEXT, SHARDS, SOURCE_DIGITS, index_copy
from dataset.tables import MAX_FILE_BYTES, records
from dataset.tar import MAX_SAMPLE_BYTES
from dataset.trusted_rows import MAX_SIDE_PX, Limits, codes_of, refuse_untrusted
from schemas.arrow import decode
from schemas.index import IndexRow
from schemas.media import MAX_CLIP_FRAMES, MIN_CLIP_FRAMES
from schemas.outcome import DamagedError
from schemas.sample import MAX_REFERENCES
from schemas.version import READABLE
from storage.place import Place, Where

LIMITS: Limits = {
    "schema": (READABLE[0], READABLE[-1]),
    "offset": (0, 2**50),
    "size": (1, MAX_SAMPLE_BYTES),
    "width": (16, MAX_SIDE_PX),
    "height": (16, MAX_SIDE_PX),
    "frames": (MIN_CLIP_FRAMES, MAX_CLIP_FRAMES),
    "num_references": (1, MAX_REFERENCES),
}

WITHDRAWN_KEY = "0" * SOURCE_DIGITS
"""What the keys of nameless rows begin with."""


@dataclass(frozen=True)
class Index:
    """The rows of a data set, in the order of their keys."""

    root: str  # folder or bucket prefix, as given
    digest: str  # sha256 of the file, as it was written
    table: pa.Table

    def __len__(self) -> int:
        """Number of samples."""
        return int(self.table.num_rows)

    def row(self, number: int) -> IndexRow:
        """One row."""
        return decode(self.table.slice(number, 1), IndexRow)[0]

    def rows(self) -> Sequence[IndexRow]:
        """All rows; texts that are alike are one object."""
        return records(self.table, IndexRow)

    def numbers(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers."""
        return np.asarray(self.table[name].to_numpy(), np.int64)

    def codes(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        """A column of few different words: a code for each row, and the words."""
        return codes_of(self.table[name])

    def values(self, name: str) -> NDArray[Any]:
        """Any column; `extra.NAME` is one of the manifest, empty where it says nothing."""
        if KINDS.get(name) in {"int", "float", "bool"}:
            return np.asarray(self.table[name].to_numpy())
        column, _, inner = name.partition(".")
        code, words = self.codes(column)
        words = [extra_of(word).get(inner, "") for word in words] if inner else words
        return np.array(words)[code] if words else np.array([], np.str_)

    def where(self, conditions: Sequence[str]) -> Index:
        """The samples for which all conditions hold (`dataset.conditions`).

        Raises:
            ValueError: one is none, or no sample is left.
        """
        chosen = np.ones(len(self), np.bool_)
        for condition in map(condition_of, conditions):
            chosen &= condition.holds(self.values(condition.column))
        if conditions and not chosen.any():
            raise ValueError(f"{self.root}: no sample of {len(self)} is one where {' and '.join(conditions)}")
        return replace(self, table=self.table.filter(pa.array(chosen)))

    def without(self, keys: AbstractSet[str]) -> Index:
        """The samples whose keys are not among these.

        Raises:
            ValueError: no sample is left.
        """
        if not keys:
            return self
        kept = [key not in keys for key in self.table["key"].to_pylist()]
        if not any(kept):
            raise ValueError(f"{self.root}: every sample is on the deny list")
        return replace(self, table=self.table.filter(pa.array(kept)))

    def rows_at(self, rows: NDArray[np.int64]) -> Index:
        """These rows, in their order; those below 0 are passed over."""
        return replace(self, table=self.table.take(pa.array(rows[rows >= 0])))

    def by_shard(self) -> Iterator[tuple[str, Index]]:
        """Each tar, and the rows of its samples."""
        code, names = self.codes("shard")
        for number, name in enumerate(names):
            yield name, replace(self, table=self.table.filter(pa.array(code == number)))

    def is_nameless(self) -> NDArray[np.bool_]:
        """Rows of an older index whose samples have been withdrawn since (`dataset.withdraw`)."""
        keys = self.table["key"].cast(pa.string())
        return np.asarray(pc.starts_with(keys, f"{WITHDRAWN_KEY}-").to_numpy())

    def groups(self) -> tuple[NDArray[np.int64], list[str]]:
        """For each row the group that is held out as a whole, and what each group is called."""
        named = [self.codes(name) for name in ("subject", "take", "source_sha256")]
        return groups([code for code, _ in named], [words for _, words in named])

    def split(self, held_out: float) -> tuple[Index, Index | None]:
        """Samples to train on, and those of a share of the people: at least of one, if the share is above 0.

        Sources that share a subject or a take are held out together (`dataset.holding`), so that nobody
        stands on both sides. Which ones are follows from what they are called: by subject, else by take, else
        by their bytes. A single group is not held out, and the second part is None where nothing is.
        """
        group, names = self.groups()
        source, digests = self.codes("source_sha256")
        gone = {digests[code] for code in np.unique(source[self.is_nameless()])}
        drawn = [bytes.fromhex(name) if name in gone else drawn_to_be_held_out(name) for name in names]
        num = max(1, round(held_out * len(drawn))) if held_out > 0 else 0
        if not 0 < num < len(drawn):
            return self, None
        held = np.isin(group, sorted(range(len(drawn)), key=drawn.__getitem__)[:num])
        train, validation = (replace(self, table=self.table.filter(pa.array(part))) for part in (~held, held))
        return train, validation


def drawn_to_be_held_out(group: str) -> bytes:
    """A group's lot, by its name: those of the least are held out."""
    return hashlib.sha256(f"held out {group}".encode()).digest()


def read_index(root: Where, *, trusted: bool = True, digest: str = "") -> Index:
    """The newest index of a data set, or the one that had this digest; its order and its rows.

    The rows may be followed, unless `trusted` is False, for whoever judges them; those of an older index by
    way of `located`.

    Raises:
        DamagedError: it is no index of this schema, or a row may not be trusted; begins with its address.
        OSError: it cannot be read.
    """
    place, name = Place.at(root), index_copy(digest) if digest else INDEX
    try:
        data = place.read(name, size=MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        if not digest:
            refuse_unfinished(place)
        raise FileNotFoundError(f"{place.uri_of(name)}: is gone") from None
    try:
        table = index_table(data)
        if trusted:
            refuse_untrusted(table, LIMITS)
    except DamagedError as error:
        raise DamagedError(f"{place.uri_of(name)}: {error}") from error
    return Index(str(root), digest or hashlib.sha256(data).hexdigest(), table)


def refuse_unfinished(place: Place) -> None:
    """Returns where a data set has an index, which is not read.

    Raises:
        FileNotFoundError: it has none yet, or there is no data set.
    """
    if place.size(INDEX) is not None:
        return
    if place.size(NEXT) is not None:
        raise FileNotFoundError(f"{place}: is not finished: understudy curate --out {place} goes on")
    raise FileNotFoundError(f"{place}: no data set there: it has no {INDEX}")


def located(index: Index, newest: Index) -> NDArray[np.int64]:
    """For each sample of an older index its row in the newest, -1 where it is withdrawn.

    One that is of another length or canvas by now is not that sample.
    """
    old, new = index.table, newest.table
    found = pc.index_in(old["key"].cast(pa.string()), new["key"].cast(pa.string()).combine_chunks())
    row = np.asarray(found.fill_null(-1).to_numpy(), np.int64)
    for name in ("frames", "width", "height"):
        row[index.numbers(name) != newest.numbers(name)[row]] = -1
    return row


def unfit_shards(index: Index) -> list[str]:
    """A sentence for each tar that is missing or ends before its last sample does."""
    shard, names = index.codes("shard")
    ends = np.zeros(len(names), np.int64)
    np.maximum.at(ends, shard, index.numbers("offset") + index.numbers("size"))
    sizes = {file.name: file.size for file in Place.at(index.root).files(SHARDS)}
    return [
        f"{name} ends at byte {sizes[name]} of {end}" if name in sizes else f"{name} is missing"
        for name, end in zip(names, ends.tolist(), strict=True)
        if sizes.get(name, 0) < end
    ]
