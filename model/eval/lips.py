"""Whether a mouth moves with the sound: its opening against the sound's loudness, no network needed.

Coarser than SyncNet and no substitute for its numbers: a mouth that opens at loud moments, and when.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

REACH = 15
"""Frames to both sides by which the sound is looked for."""
LEAST_SHARE = 0.5
"""Of the frames of a film have to show a mouth."""
QUIET_DB = -60.0


def loudness(samples: NDArray[np.int16], rate: int, frames: int, fps: float) -> Values:
    """Loudness (frames,) of the sound under each frame, dB below full scale, at least -60."""
    borders = np.rint(np.arange(frames + 1) * rate / fps).astype(np.int64)
    whole = np.zeros(borders[-1])
    whole[: min(len(samples), len(whole))] = samples[: len(whole)] / 32768.0
    sums = np.concatenate([[0.0], np.cumsum(np.square(whole))])
    power = np.diff(sums[borders]) / np.diff(borders)
    return 10 * np.log10(np.maximum(power, 10 ** (QUIET_DB / 10)))


def mouth_and_sound(opening: Values, loud: Values) -> dict[str, float]:
    """`mouth_sound_corr` and `mouth_sound_offset`: the best correlation over shifts, and that shift.

    Frames by which the sound comes later than the mouth. Empty where the mouth is seen in too few frames, or
    nothing moves or sounds.
    """
    known = np.isfinite(opening)
    if known.mean() < LEAST_SHARE or len(opening) <= 2 * REACH:
        return {}
    mouth = np.interp(np.arange(len(opening)), np.flatnonzero(known), opening[known])
    found = {shift: correlation(mouth, loud, shift) for shift in range(-REACH, REACH + 1)}
    best = max(found, key=lambda shift: (found[shift], -abs(shift)))
    if not found[best] > 0:
        return {}
    return {"mouth_sound_corr": found[best], "mouth_sound_offset": float(best)}


def correlation(mouth: Values, loud: Values, shift: int) -> float:
    """Correlation of the mouth at t and the sound at t + shift; 0 where either stands still."""
    start, stop = max(0, -shift), len(mouth) - max(0, shift)
    one, other = mouth[start:stop], loud[start + shift : stop + shift]
    if one.std() < 1e-9 or other.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
