"""Which windows an epoch shows, by bucket: canvas and window length. Shown before training.

A window's length is drawn anew for each draw, so what is dropped belongs to no length
(`model.data.epoch_report`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.data.epoch_order import Epoch, SamplingTable
from model.data.rng import Ints
from schemas.index import bucket_name

MOST_COLUMNS = 6
"""More lengths than this are put together, neighbours with neighbours."""


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Draws and batches of an epoch: a row a canvas, a column for one or more window lengths."""

    canvases: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]  # shortest and longest window of each column
    kept: Ints  # canvas span: samples that are drawn for the first time
    repeated: Ints  # canvas span: draws beyond the first of each sample
    batches: Ints  # canvas span


def lengths(samples: SamplingTable, epoch: Epoch) -> Lengths:
    """The windows of an epoch; only canvases and lengths that occur."""
    sides, canvas = np.unique(
        np.stack([samples.width[epoch.row], samples.height[epoch.row]]), axis=1, return_inverse=True
    )
    values, length = np.unique(epoch.frames, return_inverse=True)
    columns = np.array_split(values, min(len(values), MOST_COLUMNS))
    column = np.repeat(np.arange(len(columns)), [len(span) for span in columns])[length]
    shape = (sides.shape[1], len(columns))
    first = np.unique(epoch.row, return_index=True)[1]

    def counted(draws: Ints) -> Ints:
        cell = np.ravel_multi_index((canvas.reshape(-1)[draws], column[draws]), shape)
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)

    kept = counted(first)
    return Lengths(
        canvases=tuple(bucket_name(width, height) for width, height in sides.T.tolist()),
        spans=tuple((int(span[0]), int(span[-1])) for span in columns),
        kept=kept,
        repeated=counted(np.arange(len(epoch.row))) - kept,
        batches=counted(epoch.bounds[:-1]),
    )


def rows_of(found: Lengths) -> list[tuple[str, ...]]:
    """The windows for a person, the headings first."""
    heads = (f"{least}" if least == most else f"{least}-{most}" for least, most in found.spans)
    rows: list[tuple[str, ...]] = [("frames", *heads)]
    for canvas, *numbers in zip(found.canvases, found.kept, found.repeated, found.batches, strict=True):
        rows.append((canvas, *(cell(*three) for three in np.stack(numbers, axis=1).tolist())))
    return rows


def cell(kept: int, repeated: int, batches: int) -> str:
    """Kept plus repeated, in how many batches; nothing where nothing is drawn."""
    if not batches:
        return ""
    return f"{kept}+{repeated} in {batches}" if repeated else f"{kept} in {batches}"
