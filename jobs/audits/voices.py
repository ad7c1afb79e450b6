"""How late the sound of a whole source is: what the mouths of its samples tell of it, taken together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import Array
from pipeline.measures.sound import peak_between
from pipeline.measures.synchrony import FAR_LAG, MOST_LAG
from schemas.media import FPS

LEAST_SAMPLES = 2
"""Of a source that speak: one alone tells of itself (`mouth_offset_ms`)."""
LEAST_CONFIDENCE = 8.0
"""Deviations of chance by which the best lag stands out: beside wrong sound so of 2 sources in 158."""
FAR = np.abs(np.arange(-FAR_LAG, FAR_LAG + 1)) > MOST_LAG + 2
BLOCK = 2**16


def source_offsets(frames: NDArray[np.int64], sources: NDArray[np.int64], curves: Sequence[str]) -> Array:
    """Of each source (s,) by how many ms its sound is later than the mouth; NaN where that is not told.

    `frames` (n,) and `sources` (n,) of the samples with their `mouth_curve`. A clip tells so much information
    at a lag, -log(1 - R^2) a frame; that of all clips adds up.
    """
    information = np.zeros((int(sources.max(initial=-1)) + 1, 2 * FAR_LAG + 1))
    count = np.zeros(len(information), np.int64)
    for first in range(0, len(curves), BLOCK):
        known = [at for at in range(first, min(first + BLOCK, len(curves))) if curves[at]]
        read = np.frombuffer(bytes.fromhex("".join(curves[at] for at in known)), np.uint8)
        share = np.minimum(read.reshape(len(known), information.shape[1]) / 255, 0.995)
        np.add.at(information, sources[known], -np.log1p(-share) * frames[known, None])
        np.add.at(count, sources[known], 1)
    near, far = information[:, FAR_LAG - MOST_LAG : FAR_LAG + MOST_LAG + 1], information[:, FAR]
    confidence = (near.max(axis=1) - far.mean(axis=1)) / np.maximum(far.std(axis=1), 1e-6)
    best = near.argmax(axis=1)
    between = [peak_between(curve, int(at)) for curve, at in zip(near, best, strict=True)]
    sure = (count >= LEAST_SAMPLES) & (confidence >= LEAST_CONFIDENCE)
    return np.where(sure, 1000 / FPS * (best - MOST_LAG + between), np.nan)
