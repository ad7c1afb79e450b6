"""What a method's pairs come to: each number under its variant's name, with how many stand behind it.

A number of a set is withheld where it would say nothing: where a pair is missing, or where there are fewer
rows of features than a Frechet distance needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from model.eval.distributions import Features, frechet, kid
from model.eval.effnet import DIRECTIONS, effnet_frechet
from model.eval.intervals import Span, interval
from model.eval.metrics import METRICS

SETS = {
    "effnet_frechet": ("effnet", "effnet", 1),
    "fid_tf": ("inception_tf", "frechet", 1),
    "fid_pytorch": ("inception_pytorch", "frechet", 1),
    "kid": ("inception_tf", "kernel", 1),
    "fvd_videogpt": ("i3d", "frechet", 1),
    "fvd_videogpt_ddof0": ("i3d", "frechet", 0),
    "fvd_disco": ("i3d_disco", "frechet", 1),
    "kvd_videogpt": ("i3d", "kernel", 1),
    "fid_vid": ("resnet3d", "frechet", 1),
}
"""Metrics of sets: features, distance, and what is taken from n in a covariance."""
DISTANCES: Mapping[str, Callable[[Features, Features], float]] = {"kernel": kid, "effnet": effnet_frechet}


@dataclass(frozen=True, kw_only=True)
class Number:
    """One result."""

    value: float | None
    """None where it is withheld."""
    n: int
    """Pairs behind a metric of films, rows of features of the smaller side behind one of a set."""
    low: float | None = None
    high: float | None = None
    """95 % of bootstrapped means over pairs lie between these, of a set 95 % by a jackknife over pairs (see
    `intervals`); told of several pairs."""
    withheld: str = ""
    """Why there is no value."""


def mean_values(frames: Mapping[str, np.ndarray], numbers: Mapping[str, float]) -> dict[str, float]:
    """A film's value by each metric: the mean over the frames that have one, and its numbers."""
    known = {name: values[np.isfinite(values)] for name, values in frames.items() if name in METRICS}
    return {name: float(values.mean()) for name, values in known.items() if len(values)} | dict(numbers)


def of_means(pairs: Sequence[Mapping[str, float]], *, seed: int, bootstraps: int) -> dict[str, Number]:
    """The mean over the pairs that have a value of each metric, and where it might lie with other pairs."""
    names = sorted({name for pair in pairs for name in pair})
    return {
        name: of_mean(np.array([pair[name] for pair in pairs if name in pair]), seed, bootstraps)
        for name in names
    }


def of_mean(values: np.ndarray, seed: int, bootstraps: int) -> Number:
    """The mean of some pairs' values."""
    if len(values) < 2:
        return Number(value=float(values.mean()), n=len(values))
    picks = np.random.default_rng(seed).integers(0, len(values), (bootstraps, len(values)))
    low, high = map(float, np.quantile(values[picks].mean(axis=1), (0.025, 0.975)))
    return Number(value=float(values.mean()), n=len(values), low=low, high=high)


def of_set(
    name: str,
    made: Features,
    truth: Features,
    *,
    missing: int,
    allow_small: bool,
    spans: Sequence[Span] = (),
) -> Number:
    """A distance of two sets of features (n, d) and its interval over the pairs of `spans`.

    Or why it is withheld.
    """
    _, distance, ddof = SETS[name]
    n, d = min(len(made), len(truth)), DIRECTIONS if distance == "effnet" else made.shape[1]
    if missing:
        return Number(value=None, n=n, withheld=f"{missing} pairs are missing")
    if n < 2:
        return Number(value=None, n=n, withheld="fewer than two rows of features")
    least = 2 if distance == "kernel" else d
    if n < least and not allow_small:
        return Number(value=None, n=n, withheld=f"{n} rows of {d} features: a covariance needs {d}")
    far = DISTANCES.get(distance, partial(frechet, ddof=ddof))
    value, reach = far(made, truth), interval(far, made, truth, spans, least)
    if reach is None:
        return Number(value=value, n=n)
    return Number(value=value, n=n, low=value - reach, high=value + reach)
