"""What is kept of a film that was measured: values of frames, features, numbers; never vectors of faces."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.retargeted import ExpectedJoints
from model.eval.people import SeenPerson
from model.eval.stream import Readings
from schemas.arrays import Axes
from schemas.base import record


@record
class Curve:
    """A metric over the frames of a film; NaN where nothing could be measured."""

    name: str
    values: Annotated[NDArray[np.float64], Axes("t")]


@record
class FeatureRows:
    """Features of one extractor."""

    name: str
    rows: Annotated[NDArray[np.float32], Axes("n d")]


@record
class MeasuredFilm:
    """A film of a method, or one that drives (`jobs.evaluation.results.RESERVED`)."""

    key: str
    uri: str
    method: str
    pair_id: str
    loss: str  # what its codec may have cost
    curves: tuple[Curve, ...]
    features: tuple[FeatureRows, ...]
    numbers: dict[str, float]  # of the whole film

    @property
    def frames(self) -> dict[str, NDArray[np.float64]]:
        """Curves by metric."""
        return {curve.name: curve.values for curve in self.curves}


@record
class MeasuredTruth:
    """A driving film, and who is seen in it."""

    key: str
    uri: str
    film: MeasuredFilm
    person: SeenPerson | None  # None where people are not looked for
    expected: ExpectedJoints | None  # of a cross-driven pair, where one person is found in both


def curves_of(readings: Readings) -> tuple[Curve, ...]:
    """Curves in the order of their names."""
    return tuple(Curve(name=name, values=values) for name, values in sorted(readings.frames.items()))


def features_of(readings: Readings) -> tuple[FeatureRows, ...]:
    """Features in the order of their extractors."""
    return tuple(FeatureRows(name=name, rows=rows) for name, rows in sorted(readings.features.items()))
