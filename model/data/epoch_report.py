"""What an epoch keeps, repeats and leaves out, by bucket: shown before training, refused if too much goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.data.epoch_order import Epoch, OrderSettings, SamplingTable, decks_of, longest_windows
from model.data.window_lengths import Lengths, rows_of
from model.data.windows import num_tokens
from schemas.index import bucket_name

OVER = "over the token budget"


@dataclass(frozen=True, kw_only=True)
class Line:
    """Samples of one canvas or one group in one epoch. Kept, resting and dropped make up what there is."""

    name: str
    samples: int
    kept: int  # drawn at least once
    repeated: int  # draws beyond the first of each sample
    resting: int  # left to later epochs, for the groups' shares
    dropped: dict[str, int]  # never drawn, by reason
    batches: int
    fill: float  # mean share of the token budget that a batch uses


def dropped(table: SamplingTable, settings: OrderSettings) -> dict[str, NDArray[np.bool_]]:
    """Rows that no epoch draws, by reason, each under one."""
    least = settings.window.min_frames
    homeless = table.group < 0
    short = (table.frames < least) & ~homeless
    large = (longest_windows(table, settings) < least) & ~short & ~homeless
    return {"in no group": homeless, "too short": short, OVER: large}


def lines(table: SamplingTable, settings: OrderSettings, epoch: Epoch) -> list[Line]:
    """One line a canvas, one a group, and one for all."""
    gone = dropped(table, settings)
    draws = np.bincount(epoch.row, minlength=len(table.frames))
    first = epoch.row[epoch.bounds[:-1]]
    tokens = num_tokens(table.width[epoch.row], table.height[epoch.row], epoch.frames)
    fill = np.add.reduceat(tokens, epoch.bounds[:-1]) / settings.max_tokens

    def line(name: str, rows: NDArray[np.bool_]) -> Line:
        kept = int(np.count_nonzero(draws[rows]))
        lost = {reason: int(np.count_nonzero(which & rows)) for reason, which in gone.items()}
        batches = rows[first]
        return Line(
            name=name,
            samples=int(np.count_nonzero(rows)),
            kept=kept,
            repeated=int(draws[rows].sum()) - kept,
            resting=int(np.count_nonzero(rows)) - kept - sum(lost.values()),
            dropped={reason: count for reason, count in lost.items() if count},
            batches=int(np.count_nonzero(batches)),
            fill=float(fill[batches].mean()) if batches.any() else 0.0,
        )

    return [line(name, rows) for name, rows in parts(table, settings)]


def parts(table: SamplingTable, settings: OrderSettings) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The rows of each line of the table."""
    for width, height in np.unique(np.stack([table.width, table.height]), axis=1).T.tolist():
        yield bucket_name(width, height), (table.width == width) & (table.height == height)
    for number, group in enumerate(settings.groups):
        yield f"group {group.name}", table.group == number
    several = np.unique(table.data_set)
    for number in several if len(several) > 1 else ():
        yield f"data set {number + 1}", table.data_set == number
    yield "all", np.ones(len(table.frames), np.bool_)


def check(table: SamplingTable, settings: OrderSettings) -> None:
    """Returns where every group can be drawn from, and little enough is dropped.

    Raises:
        ValueError: a group has no samples, or the token budget leaves none of it, or more than the settings'
            share of all samples is never drawn.
    """
    refuse_small_budget(table, settings)
    out = dropped(table, settings)
    gone = {reason: int(np.count_nonzero(rows)) for reason, rows in out.items()}
    samples = len(table.frames)
    share = sum(gone.values()) / samples
    if share > settings.max_dropped:
        message = ", ".join(f"{count} {reason}" for reason, count in gone.items() if count)
        raise ValueError(
            f"{share:.1%} of {samples} samples would never be drawn ({message}); "
            f"max_dropped is {settings.max_dropped:.1%}"
            + (f"; {budget_needed(table, settings, out[OVER])}" if gone[OVER] else "")
        )
    decks_of(table, longest_windows(table, settings) >= settings.window.min_frames, settings)


def refuse_small_budget(table: SamplingTable, settings: OrderSettings) -> None:
    """Raise ValueError where the token budget leaves nothing of a group; names the least that leaves some."""
    large = dropped(table, settings)[OVER]
    fits = longest_windows(table, settings) >= settings.window.min_frames
    for number, group in enumerate(settings.groups):
        mine = table.group == number
        if group.share > 0 and np.any(large & mine) and not np.any(fits & mine):
            result = budget_needed(table, settings, large & mine)
            raise ValueError(f"no clip of group {group.name!r} fits the token budget: {result}")


def budget_needed(table: SamplingTable, settings: OrderSettings, large: NDArray[np.bool_]) -> str:
    """What budget the clips would fit that are over it."""
    least_frames = settings.window.min_frames
    tokens = num_tokens(table.width[large], table.height[large], least_frames)
    least, most = int(tokens.min()), int(tokens.max())
    takes = f"{least}" if least == most else f"{least} to {most}, by canvas,"
    wanted = f"{least} at least" if least == most else f"{least} at least, to {most} for all of them"
    return (
        f"max_tokens is {settings.max_tokens}, and a shortest window, of {least_frames} frames, "
        f"takes {takes} of clips over it; raise it to {wanted}"
    )


def as_text(table: Sequence[Line], windows: Lengths) -> str:
    """Both tables for a person."""
    rows: list[tuple[str, ...]] = [
        ("", "samples", "kept", "repeated", "resting", "dropped", "batches", "fill")
    ]
    for line in table:
        message = ", ".join(f"{count} {reason}" for reason, count in line.dropped.items()) or "0"
        counts = (line.samples, line.kept, line.repeated, line.resting)
        rows.append((line.name, *map(str, counts), message, str(line.batches), f"{line.fill:.0%}"))
    about = "windows by canvas and number of frames: samples + repeats, in batches"
    return "\n".join([*aligned(rows), "", about, *aligned(rows_of(windows))])


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines in which the cells of a column stand below each other, the first ones to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(w) if column == 0 else cell.rjust(w)
            for column, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
