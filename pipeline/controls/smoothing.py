"""Gaps and jitter of tracks: pure functions of values over time and of which frames have one.

Values are (t, ...), masks are (t,). Before they are filled, frames without a value may hold anything, NaN
included. No function changes the length of a track.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import Array, Reals, orthonormalise, slerp
from schemas.tracks import EstimatorCard

Mask = NDArray[np.bool_]
Frames = NDArray[np.int64]
"""Numbers of frames (t,)."""

KERNEL_SIGMAS = 3.0
"""Frames further away than this many sigmas have no say."""


@dataclass(frozen=True, kw_only=True)
class SmoothingSettings:
    """How strongly tracks are smoothed: sigma of a Gaussian in 24 fps frames, 0 for not at all.

    Of body and hands as strongly as leaves them no further from labelled video than they were.
    """

    body: float = 0.5
    hands: float = 0.35
    head: float = 1.0
    face_window: float = 2.0
    """Size and place of the face crop (method.md 2.2)."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(
                    f"smoothing of {field.name} is {getattr(self, field.name)} frames; it cannot be below 0"
                )

    @property
    def card(self) -> EstimatorCard:
        """The step in the provenance of a clip."""
        sigmas = " ".join(f"{field.name}={getattr(self, field.name):g}" for field in fields(self))
        return EstimatorCard(
            name="gaussian",
            version=f"local linear, sigma in frames: {sigmas}",
            weights_sha256="",
            licence="none needed",
        )


@dataclass(frozen=True)
class Bridge:
    """For each frame the two frames with a value that stand in for it, and the share of the later one.

    A frame with a value stands for itself. A gap of at most `max_gap` frames inside the track is bridged
    evenly; in longer gaps and at the ends the nearest value is held, and the frame stays unknown.
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    share: Array
    known: Mask

    @classmethod
    def over(cls, valid: Mask, max_gap: int) -> Bridge:
        """The bridges over the gaps of a track.

        Raises:
            ValueError: no frame has a value.
        """
        if not valid.any():
            raise ValueError("no frame has a value")
        frames = np.arange(len(valid))
        before, after = around(valid)
        inside = (before >= 0) & (after < len(valid))
        before, after = np.where(before < 0, after, before), np.where(after == len(valid), before, after)
        known = inside & (after - before <= max_gap + 1)
        share = (frames - before) / np.maximum(after - before, 1)
        return cls(before, after, np.where(known, share, np.round(share)), known)


def around(valid: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each frame the last one with a value, -1 without one, and the next, the length without one.

    A frame with a value is its own last and next.
    """
    frames = np.arange(len(valid))
    before = np.maximum.accumulate(np.where(valid, frames, -1))
    after = np.minimum.accumulate(np.where(valid, frames, len(valid))[::-1])[::-1]
    return before, after


def fill(values: Reals, valid: Mask, max_gap: int) -> tuple[Array, Mask]:
    """A value for every frame, and where it is measured or bridged over at most `max_gap` frames (`Bridge`).

    A track without any value becomes zeros, nowhere known.
    """
    if not valid.any():
        return np.zeros(values.shape), valid.copy()
    bridge = Bridge.over(valid, max_gap)
    share = bridge.share.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((1 - share) * values[bridge.before] + share * values[bridge.after]), bridge.known


def fill_rotations(rotations: Reals, valid: Mask, max_gap: int) -> tuple[Array, Mask]:
    """`fill` for rotations (t, 3, 3), along the shortest way; a track without any becomes identities."""
    if not valid.any():
        return np.broadcast_to(np.eye(3), rotations.shape).copy(), valid.copy()
    bridge = Bridge.over(valid, max_gap)
    start, stop = orthonormalise(rotations[bridge.before]), orthonormalise(rotations[bridge.after])
    return slerp(start, stop, bridge.share), bridge.known


def first_shown(fresh: Mask) -> Frames:
    """For each frame the first one that shows the same picture, by which frames (t,) show another."""
    return np.asarray(np.maximum.accumulate(np.where(fresh, np.arange(len(fresh)), 0)), np.int64)


def smooth(values: Reals, known: Mask, sigma: float, shown: Frames | None = None) -> Array:
    """The Gaussian-weighted line through the known neighbours, at each frame; unknown frames stay.

    With `shown`, as of `first_shown`, only the first frame of each picture has a say, and all frames of it
    get its value: a picture that is shown twice does not weigh twice, and nothing moves while it stands.

    Inside a track this is the normalised Gaussian mean. At ends and beside gaps, where one side is missing, a
    mean would lag behind motion by half a sigma and more; a line does not (local linear regression).
    """
    # einsum, not a matrix product: BLAS may round differently with another number of threads
    first = np.arange(len(known)) if shown is None else shown
    own = known & (first == np.arange(len(known)))
    return np.asarray(np.einsum("st,t...->s...", kernel(own, sigma), values)[first])


def smooth_rotations(rotations: Reals, known: Mask, sigma: float, shown: Frames | None = None) -> Array:
    """`smooth` for rotations (t, 3, 3): the chordal mean, which is the mean of quaternions of either sign.

    Both minimise the same cost (Markley et al., "Averaging Quaternions", 2007), and matrices have no sign.
    """
    return orthonormalise(smooth(rotations, known, sigma, shown))


def kernel(known: Mask, sigma: float) -> Array:
    """Weights (t, t) of every frame in the smoothed value of every frame; rows sum to 1."""
    if sigma == 0:
        return np.eye(len(known))
    frames = np.arange(len(known))
    ahead = frames - frames[:, None]
    weights = np.exp(-((ahead / sigma) ** 2) / 2) * (np.abs(ahead) <= KERNEL_SIGMAS * sigma) * known
    mass, mean, spread = (np.sum(weights * ahead**power, axis=1, keepdims=True) for power in (0, 1, 2))
    lone = mass * spread <= mean**2 + 1e-9 * mass**2  # no second frame to draw a line through
    line = np.where(lone, weights, weights * (spread - mean * ahead))
    line[~known] = np.eye(len(known))[~known]
    return np.asarray(line / line.sum(axis=1, keepdims=True))


def jitter(points: Reals, valid: Mask) -> float:
    """Mean length of the second difference over time of points (t, k, d), in their own unit a frame squared.

    0 for even motion and for a track without three measured frames in a row. Independent noise of deviation s
    in two dimensions gives s * sqrt(3 * pi).
    """
    measured = valid[:-2] & valid[1:-1] & valid[2:]
    bend = points[:-2][measured] - 2 * points[1:-1][measured] + points[2:][measured]
    return float(np.linalg.norm(bend, axis=-1).mean()) if measured.any() else 0.0


def speed(points: Reals, valid: Mask) -> float:
    """Mean length of the steps between frames of points (t, k, d), unit a frame; 0 without a step."""
    measured = valid[:-1] & valid[1:]
    steps = points[1:][measured] - points[:-1][measured]
    return float(np.linalg.norm(steps, axis=-1).mean()) if measured.any() else 0.0
