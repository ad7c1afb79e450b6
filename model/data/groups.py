"""Who has a share of the draws: groups of samples, in all data sets together or in each by its weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.data.rng import Ints
from schemas.controls import Framing


@dataclass(frozen=True, kw_only=True)
class Group:
    """Samples that have a share of the draws to themselves."""

    name: str
    share: float
    """Of the draws, relative to the other groups' shares."""
    framings: tuple[Framing, ...] = ("portrait", "half", "full")
    domains: tuple[str, ...] = ()
    """Only samples of these domains; empty: of all."""


EVEN = (
    Group(name="full", share=0.5, framings=("full",)),
    Group(name="half", share=0.5, framings=("half", "portrait")),
)
"""Full figures and halves, portraits with the halves, 50/50 (method.md 1)."""

AS_IT_IS = (Group(name="all", share=1.0),)
"""Each sample once an epoch."""


class Deck(NamedTuple):
    """Rows that are dealt lap after lap, and their share of the draws, relative to other decks'."""

    name: str
    share: float
    rows: Ints


def decks(
    groups: Sequence[Group],
    weights: Sequence[float],
    group: Ints,
    data_set: Ints,
    fits: NDArray[np.bool_],
) -> list[Deck]:
    """The decks of samples that fit, given the numbers of each one's group and data set.

    Without weights a group is one deck, whatever data sets its samples are of. With weights each data set has
    its weight of the draws, dealt among its groups by their shares; one that lacks a group gives that
    group's share to its others.

    Raises:
        ValueError: a group has a share and no samples, or a data set a weight and none, or nothing has any.
    """
    for number, one in enumerate(groups):
        size = np.count_nonzero(fits & (group == number))
        if one.share < 0 or (size == 0 and one.share > 0):
            raise ValueError(
                f"group {one.name!r} has {size} samples for a share of {one.share:g}: "
                "set its share to 0, or give groups that the index can fill"
            )
    if sum(one.share for one in groups) == 0:
        raise ValueError("no group has a share: nothing can be drawn")
    if not weights:
        return of_groups(groups, group, fits)
    found: list[Deck] = []
    for number, weight in enumerate(weights):
        mine = of_groups(groups, group, fits & (data_set == number))
        whole = sum(deck.share for deck in mine if len(deck.rows))
        if whole == 0 and weight > 0:
            raise ValueError(f"data set {number + 1} has a weight of {weight:g} and no sample to be drawn")
        found += [weighted(deck, number, weight / whole) for deck in mine if len(deck.rows)]
    return found


def of_groups(groups: Sequence[Group], group: Ints, which: NDArray[np.bool_]) -> list[Deck]:
    """A deck for each group, of some rows."""
    return [
        Deck(one.name, one.share, np.flatnonzero(which & (group == number)))
        for number, one in enumerate(groups)
    ]


def weighted(deck: Deck, data_set: int, factor: float) -> Deck:
    """A group's deck in one data set of several."""
    return Deck(f"{deck.name} of data set {data_set + 1}", factor * deck.share, deck.rows)


def quotas(dealt: Sequence[Deck]) -> Ints:
    """Draws of each deck in an epoch: in all as many as there are samples, by largest remainders.

    A deck whose share is 0 is not drawn from: its samples are dropped.
    """
    shares, sizes = np.array([deck.share for deck in dealt]), np.array([len(deck.rows) for deck in dealt])
    whole = sizes[shares > 0].sum()
    wanted = whole * shares / shares.sum()
    quota: Ints = np.floor(wanted).astype(np.int64)
    most_short = np.argsort(-(wanted - quota), kind="stable")
    quota[most_short[: whole - quota.sum()]] += 1
    return quota
