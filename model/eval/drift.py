"""Numbers of a film over its segments: what drifts, what jumps at borders, what flickers, what stands still.

A frozen film wins at most of them, so `dynamic_degree` is told beside them, and all of them of the driving
film too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Segments:
    """How a long film is put together: frames of the first segment, and what each later one adds."""

    first: int = 73
    later: int = 72

    def __post_init__(self) -> None:
        if self.first < 2 or self.later < 2:
            raise ValueError(f"segments of {self.first} and {self.later} frames: each has at least 2")

    def parts(self, frames: int) -> list[slice]:
        """The frames of each segment of a film, the last of which may be short."""
        borders = self.borders(frames)
        return [slice(a, b) for a, b in zip([0, *borders], [*borders, frames], strict=True)]

    def borders(self, frames: int) -> list[int]:
        """First frame of each segment but the first."""
        return list(range(self.first, frames, self.later))


def slope(values: Values, segments: Segments, *, relative: bool) -> float:
    """By how much a value changes from one segment to the next: the straight line through their means.

    Relative to the first segment's where `relative`. NaN where there are not two segments with a value.
    """
    means = np.array([mean_of(values[part]) for part in segments.parts(len(values))])
    if relative:
        means = means / means[0] if means[0] else np.full_like(means, np.nan)
    known = np.flatnonzero(np.isfinite(means))
    if len(known) < 2:
        return float("nan")
    return float(np.polyfit(known.astype(float), means[known], 1)[0])


def border_jump(change: Values, segments: Segments) -> float:
    """Change across borders over the median change inside segments; 1 where a border is as any other place.

    NaN where there is no border, or where nothing moves inside.
    """
    borders = segments.borders(len(change))
    inside = np.delete(change, [0, *borders])
    usual = float(np.median(inside)) if len(inside) else 0.0
    return float(change[borders].mean() / usual) if borders and usual > 0 else float("nan")


def flicker(colour: Values) -> float:
    """Mean absolute second difference of brightness, 0..255; NaN of fewer than three frames."""
    return float(np.abs(np.diff(colour, 2)).mean()) if len(colour) > 2 else float("nan")


def over_time(frames: Mapping[str, Values], segments: Segments) -> dict[str, float]:
    """Numbers of a film from the values of `TimeMeter`, and of `csim` where there are any; NaN left out."""
    found = {
        "colour_slope": slope(frames["colour"], segments, relative=True),
        "sharpness_slope": slope(frames["sharpness"], segments, relative=True),
        "border_jump": border_jump(frames["change"], segments),
        "flicker": flicker(frames["colour"]),
        "stillness_vbench": 1 - mean_of(frames["change"]) / 255,
        "dynamic_degree": mean_of(frames["motion"]),
    }
    if "csim_dlib" in frames:
        found["csim_dlib_slope"] = slope(frames["csim_dlib"], segments, relative=False)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def mean_of(values: Values) -> float:
    """Mean of what was measured; NaN where nothing was."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
