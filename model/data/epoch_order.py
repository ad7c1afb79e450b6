"""Who reads what, in what order: a pure function of the indexes, the settings, the seed and the epoch.

Nothing here knows of ranks, workers or files. An epoch is a list of slots; a slot is the micro-batch of one
rank in one step: draws of one bucket (canvas and window length), as many as the token budget holds.

Each group of samples (full figures, and halves with portraits, by default; of each data set, where several
are weighted) is dealt from an endless deck: lap after lap, each an own shuffle of the whole group. An epoch
takes the next cards of each deck, in the groups' shares, and holds as many draws as there are samples. So a
group is short of nothing for ever: after any number of epochs two of its samples differ by at most one draw.
With one group an epoch is one lap: each sample exactly once.

A lap shuffles the shards, puts at least `mixed_shards` of them that follow each other into a window, and
shuffles the samples of each window. Reading stays near a few tars at a time, and two samples next to each
other come from the same tar with a probability of at most one over `mixed_shards`: that number is the mixing
distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.data.groups import EVEN, Deck, Group, decks, quotas
from model.data.reference_rule import ReferenceRule, num_shown
from model.data.rng import Ints, Words, fractions, words
from model.data.windows import WindowRule, clips_of, draw_windows, longest_window, num_tokens

RUNS = 32
"""Runs of alike slots that are told apart in one stretch of the order."""


@dataclass(frozen=True, kw_only=True)
class OrderSettings:
    """How the samples of an index become batches."""

    groups: tuple[Group, ...] = EVEN
    """A sample belongs to the first group that takes it; one that none takes is dropped."""
    window: WindowRule = field(default_factory=WindowRule)
    max_tokens: int = 74_400
    """Most noise tokens of a clip, as in `num_tokens`: 121 frames of the largest canvas.

    A batch of several clips holds no more than one such clip, references counted.
    """
    area: int | None = None
    """Px of a canvas: samples of larger ones are shown shrunk; None: all as they are stored."""
    mixed_shards: int = 128
    """Mixing distance, in shards."""
    alike: int = 64
    """Slots in a row that cost about the same: ranks side by side end a step together. 1 mixes freely."""
    linear_tokens: int = 16_000
    """Tokens of a clip whose attention costs as much as all else of them: cost grows with their square."""
    max_dropped: float = 0.01
    """Training is refused where more than this share of the samples is dropped."""
    held_out: float = 0.0
    """Share of the sources that are never drawn: what was learned is tried on them."""
    where: tuple[str, ...] = ()
    """Only samples for which all of these hold, on columns of the index: licence=CC0, face_ratio>0.5."""
    deny: str = ""
    """File with the keys of samples that are left out, such as the deny.txt of an audit."""
    weights: tuple[float, ...] = ()
    """Of the draws, one for each data set, relative to the others; empty: all samples are of one pot."""

    def __post_init__(self) -> None:
        """Check that something is left to draw."""
        if not 0 <= self.held_out < 1:
            raise ValueError(f"held_out is a share of the sources, from 0 to below 1, not {self.held_out:g}")
        if any(not 0 <= weight < math.inf for weight in self.weights) or (
            self.weights and not any(self.weights)
        ):
            raise ValueError(f"weights of data sets are 0 or more, one of them above 0, not {self.weights}")


@dataclass(frozen=True, kw_only=True)
class SamplingTable:
    """The columns of the indexes that the order depends on; one row a sample."""

    digest: str  # of the indexes
    ident: Words  # of the samples' bytes
    shard: Ints  # number of the tar
    width: Ints  # px
    height: Ints  # px
    frames: Ints
    references: Ints
    group: Ints  # index into the settings' groups, -1 for none
    data_set: Ints  # number of the data set, from 0


@dataclass(frozen=True)
class Draw:
    """One sample as one batch shows it."""

    row: int  # of the index
    start: int  # first frame of the window
    frames: int
    seed: int  # of all that is still to be drawn: references, dropout, augmentation


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """All slots of an epoch in their order."""

    row: Ints  # one a draw, as are the next three
    start: Ints
    frames: Ints
    seed: Words
    bounds: Ints  # slot s holds the draws bounds[s] to bounds[s + 1]

    def __len__(self) -> int:
        """Number of slots."""
        return len(self.bounds) - 1

    def slot(self, number: int) -> tuple[Draw, ...]:
        """The draws of a slot."""
        draws = range(self.bounds[number], self.bounds[number + 1])
        return tuple(
            Draw(int(self.row[i]), int(self.start[i]), int(self.frames[i]), int(self.seed[i])) for i in draws
        )


def epoch_order(
    samples: SamplingTable,
    settings: OrderSettings,
    seed: int,
    epoch: int,
    shown: ReferenceRule = ReferenceRule(),  # noqa: B008  frozen
) -> Epoch:
    """The slots of an epoch, whose draws show references by a rule.

    Raises:
        ValueError: a group has no samples.
    """
    longest = longest_windows(samples, settings)
    row, lap = draw_samples(samples, longest >= settings.window.min_frames, settings, seed, epoch)
    seeds = words(len(row), samples.digest, seed, epoch, "draws")
    variants = settings.window.variants
    salt = seeds if variants is None else (lap % variants).astype(np.uint64)
    start, frames = draw_windows(samples.frames[row], longest[row], samples.ident[row], salt, settings.window)
    width, height = samples.width[row], samples.height[row]
    tokens = num_tokens(width, height, frames)
    capacity = clips_of(tokens, num_tokens(width, height, 1), settings.max_tokens, shown.max_references)
    members, bounds = batches(bucket_code(width, height, frames), capacity)
    references = num_shown(shown, samples.references[row], seeds)[members]
    cost = costs(num_tokens(width, height, 1)[members], tokens[members], references, bounds, settings)
    tie = words(len(cost), samples.digest, seed, epoch, "slots")
    chosen, bounds = rearranged(members, bounds, side_by_side(cost, tie, settings.alike))
    return Epoch(
        row=row[chosen], start=start[chosen], frames=frames[chosen], seed=seeds[chosen], bounds=bounds
    )


def longest_windows(samples: SamplingTable, settings: OrderSettings) -> Ints:
    """Most frames of a window of each sample, 4k+1; below the least of the settings, none fits."""
    return longest_window(samples.frames, samples.width, samples.height, settings.window, settings.max_tokens)


def decks_of(samples: SamplingTable, fits: NDArray[np.bool_], settings: OrderSettings) -> list[Deck]:
    """What an epoch is dealt from, as `model.data.groups` says it. Raises ValueError as that does."""
    return decks(settings.groups, settings.weights, samples.group, samples.data_set, fits)


def draw_samples(
    samples: SamplingTable, fits: NDArray[np.bool_], settings: OrderSettings, seed: int, epoch: int
) -> tuple[Ints, Ints]:
    """Row and lap of each draw of an epoch, in order: the decks riffled together, evenly."""
    rows, laps, places = [], [], []
    dealt = decks_of(samples, fits, settings)
    for (name, _, members), quota in zip(dealt, quotas(dealt).tolist(), strict=True):
        if quota == 0:
            continue
        purpose = (samples.digest, seed, name)
        first, stop = epoch * quota, (epoch + 1) * quota
        turns = range(first // len(members), -(-stop // len(members)))
        shards, mixed = samples.shard[members], settings.mixed_shards
        deck = [members[shuffle(shards, mixed, *purpose, lap)] for lap in turns]
        inside = slice(first - turns.start * len(members), stop - turns.start * len(members))
        rows.append(np.concatenate(deck)[inside])
        laps.append(np.repeat(np.array(turns), len(members))[inside])
        places.append((np.arange(quota) + fractions(words(quota, *purpose, epoch, "places"))) / quota)
    order = np.argsort(np.concatenate(places), kind="stable")
    return np.concatenate(rows)[order], np.concatenate(laps)[order]


def shuffle(shard: Ints, mixed_shards: int, *purpose: str | int) -> Ints:
    """An order of the rows of `shard`: shards shuffled, then rows in windows of `mixed_shards` and more."""
    names, code = np.unique(shard, return_inverse=True)
    place = np.empty(len(names), np.int64)
    place[np.argsort(words(len(names), *purpose, "shards"), kind="stable")] = np.arange(len(names))
    num_windows = max(1, len(names) // mixed_shards)
    return np.lexsort((words(len(shard), *purpose, "samples"), (place * num_windows // len(names))[code]))


def costs(
    picture: Ints, tokens: Ints, references: Ints, bounds: Ints, settings: OrderSettings
) -> NDArray[np.float64]:
    """What each batch costs, as tokens that ask tokens; its clips have as many references as its richest.

    Noise and reference tokens ask both, noise tokens ask references once more, and all else of a token
    costs as much as asking `linear_tokens`.
    """
    first, clips = bounds[:-1], np.diff(bounds)
    noise = tokens[first].astype(np.float64)
    reference = picture[first] * np.maximum.reduceat(references, first)
    both = noise + reference
    return np.asarray(clips * (both * (both + settings.linear_tokens) + noise * reference))


def bucket_code(width: Ints, height: Ints, frames: Ints) -> Ints:
    """One number for each canvas and window length."""
    return np.asarray(width << 40 | height << 20 | frames, np.int64)


def batches(bucket: Ints, capacity: Ints) -> tuple[Ints, Ints]:
    """Draws put into batches of one bucket, in the order in which the batches fill up.

    A batch of bucket b holds `capacity` draws, the last one of each bucket what is left. Gives the draws
    batch by batch, and the bounds of the batches.
    """
    order = np.argsort(bucket, kind="stable")
    first = np.flatnonzero(np.diff(bucket[order], prepend=-1))
    within = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    starts = np.flatnonzero(within % capacity[order] == 0)
    bounds = np.append(starts, len(order))
    filled = order[bounds[1:] - 1]  # place of the last draw of each batch
    return rearranged(order, bounds, np.argsort(filled, kind="stable"))


def rearranged(members: Ints, bounds: Ints, order: Ints) -> tuple[Ints, Ints]:
    """The runs of `members` between `bounds`, in another order."""
    sizes = np.diff(bounds)[order]
    new = np.concatenate([[0], np.cumsum(sizes)])
    source = np.repeat(bounds[:-1][order] - new[:-1], sizes) + np.arange(len(members))
    return members[source], new


def side_by_side(cost: NDArray[np.float64], tie: Words, alike: int) -> Ints:
    """An order of slots in which `alike` in a row cost about the same.

    In each stretch of the given order slots are sorted by cost and cut into runs, and the runs shuffled.
    """
    place = np.arange(len(cost))
    if alike == 1:
        return place
    stretch = place // (RUNS * alike)
    by_cost = np.lexsort((tie, cost, stretch))
    run = place // alike
    return by_cost[np.lexsort((place, tie[run * alike], stretch))]
