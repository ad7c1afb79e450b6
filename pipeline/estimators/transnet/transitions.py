"""Cuts and gradual transitions, by what the network tells of each picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.packaged_network import network_in
from pipeline.estimators.transnet.packaged import TRANSITION_NETWORK
from pipeline.estimators.transnet.windows import Network, SlidingWindows
from pipeline.runs import runs
from storage.packaged_files import PackagedFile

RULE = 1
"""Raised where the same pictures would be told otherwise."""
GRID = 4096
"""Probabilities are read in this part of 1: what processors round otherwise is less."""

WITHIN = 0.2
"""Of the probability that a transition has in its middle, what its other pictures have: a circle begins
small. The probability to be within one finds none alone: cars from above have 0.8."""
MOST_OF_CUTS = 2
"""Pictures that are judged to lie within a transition, up to which there are only cuts."""

Mask = NDArray[np.bool_]
Boundaries = tuple[set[int], list[tuple[int, int]]]


@dataclass(frozen=True, kw_only=True)
class TransitionSettings:
    """Whether a network, TransNet V2, is asked for transitions beside our own finders."""

    min_probability: float | None = None
    """A transition is where it is at least so sure of one, 0 to 1: its authors have 0.5. Needs the file that
    `understudy weights --transitions` fetches."""

    @property
    def is_asked(self) -> bool:
        """Whether the network is asked at all."""
        return self.min_probability is not None

    @property
    def packaged(self) -> tuple[PackagedFile, ...]:
        """The files that are needed."""
        return (TRANSITION_NETWORK,) if self.is_asked else ()

    def build(self) -> Callable[[], TransNetFinder] | None:
        """Makes a finder for each source; None where the network is not asked.

        Raises:
            EstimatorUnavailable: its file is missing.
        """
        if self.min_probability is None:
            return None
        from pipeline.estimators.transnet.weights import loaded

        return partial(TransNetFinder, network_in(TRANSITION_NETWORK, loaded), self.min_probability)


class TransNetFinder:
    """Finds where shots of a source become others, given its pictures one by one."""

    def __init__(self, network: Network, min_probability: float) -> None:
        self.windows, self.min_probability = SlidingWindows(network), min_probability

    def __call__(self, picture: NDArray[np.uint8]) -> None:
        """See the next picture (h w 3), RGB."""
        self.windows(picture)

    def found(self) -> Boundaries:
        """As `boundaries`, of all pictures; no other comes after it."""
        single, many = (np.round(part * GRID) / GRID for part in self.windows.scores())
        return boundaries(single >= self.min_probability, many >= WITHIN * self.min_probability)


def boundaries(middle: Mask, within: Mask) -> Boundaries:
    """Pictures that begin a shot, and the first picture and end, exclusive, of gradual transitions.

    A transition has a picture that is the `middle` of one, and all beside it that are `within` one. In up to
    `MOST_OF_CUTS` pictures, a shot begins after each middle: the network calls the last before a cut so.
    """
    cuts, gradual = set[int](), list[tuple[int, int]]()
    for first, stop in runs(middle | within):
        middles = first + np.flatnonzero(middle[first:stop])
        if stop - first > MOST_OF_CUTS and len(middles):
            gradual.append((first, stop))
        else:
            cuts.update(place + 1 for place in middles.tolist() if place + 1 < len(middle))
    return cuts, gradual
