"""What a method's pairs come to: each number under its variant's name, with how many stand behind it.

A number of a set is withheld where it would say nothing: where a pair is missing, or where there are fewer
rows of features than a Frechet distance needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.eval.distributions import frechet, kid
from model.eval.scoring import PairScores, Side

BOOTSTRAPS = 1000
SETS = {
    "fid_tf": ("inception_tf", "frechet", 1),
    "fid_pytorch": ("inception_pytorch", "frechet", 1),
    "kid": ("inception_tf", "kid", 1),
    "fvd_videogpt": ("i3d", "frechet", 1),
    "fvd_videogpt_ddof0": ("i3d", "frechet", 0),
    "fvd_disco": ("i3d_disco", "frechet", 1),
    "fid_vid": ("resnet3d", "frechet", 1),
}
"""Metrics of sets: features, distance, and what is taken from n in a covariance."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """One result."""

    value: float | None
    """None where it is withheld."""
    n: int
    """Pairs behind a metric of frames, rows of features of the smaller side behind one of a set."""
    low: float | None = None
    high: float | None = None
    """95 % of bootstrapped means over pairs lie between these; told of several pairs, for frames."""
    withheld: str = ""
    """Why there is no value."""


def summarise(
    pairs: Sequence[PairScores], missing: int, *, seed: int, allow_small: bool
) -> dict[str, dict[str, Any]]:
    """Numbers by variant of one method. `missing` pairs could not be scored: then sets are withheld."""
    numbers = of_means([pair.means for pair in pairs], seed)
    for name, (extractor, distance, ddof) in SETS.items():
        made, truth = (gathered(pairs, extractor, side) for side in ("made", "truth"))
        if made is not None and truth is not None:
            numbers[name] = of_set(made, truth, distance, ddof, missing=missing, allow_small=allow_small)
    return {name: asdict(number) for name, number in sorted(numbers.items())}


def of_means(pairs: Sequence[Mapping[str, float]], seed: int) -> dict[str, Number]:
    """The mean over pairs of each metric of frames, and where it might lie with other pairs."""
    found = {}
    for name in pairs[0] if pairs else ():
        values = np.array([pair[name] for pair in pairs])
        picks = np.random.default_rng(seed).integers(0, len(values), (BOOTSTRAPS, len(values)))
        low, high = map(float, np.quantile(values[picks].mean(axis=1), (0.025, 0.975)))
        spread = (low, high) if len(values) > 1 else (None, None)
        found[name] = Number(value=float(values.mean()), n=len(values), low=spread[0], high=spread[1])
    return found


def gathered(pairs: Sequence[PairScores], extractor: str, side: Side) -> NDArray[np.float64] | None:
    """All features (n, d) of an extractor on one side; None where it was not asked."""
    rows = [row for pair in pairs for row in pair.features.get((extractor, side), ())]
    return np.concatenate(rows).astype(np.float64) if rows else None


def of_set(
    made: NDArray[np.float64],
    truth: NDArray[np.float64],
    distance: str,
    ddof: int,
    *,
    missing: int,
    allow_small: bool,
) -> Number:
    """A distance of two sets, or why it is withheld."""
    n, d = min(len(made), len(truth)), made.shape[1]
    if missing:
        return Number(value=None, n=n, withheld=f"{missing} pairs are missing")
    if n < 2:
        return Number(value=None, n=n, withheld="fewer than two rows of features")
    if distance == "kid":
        return Number(value=kid(made, truth), n=n)
    if n < d and not allow_small:
        return Number(value=None, n=n, withheld=f"{n} rows of {d} features: a covariance needs {d}")
    return Number(value=frechet(made, truth, ddof=ddof), n=n)
