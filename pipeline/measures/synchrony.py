"""Whether the mouth moves when somebody is heard, and how much later the sound is: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import Array
from schemas.media import FPS, SOUND_RATE, Frames

Sound = NDArray[np.float32]
FULL_SCALE_DB = -100.0
VOICE_HZ = (100.0, 4000.0)
ABOVE_FLOOR_DB = 10.0
"""A frame is loud where it is so much above the clip's tenth percentile, and above `QUIET_DB`."""
QUIET_DB = -50.0
VOICED = 0.5
"""Least share of a loud frame's energy between the `VOICE_HZ`."""
MOUTH = (slice(134, 206), slice(62, 162))
"""Rows and columns of the face crop that hold the mouth (method.md 2.2)."""
MOUTH_PX = (16, 10)
PARTS = 3
"""Ways in which the mouth's pixels change most; the sound is told from these alone."""
MOST_LAG = 10
"""Frames that sound may be early or late by: beyond, a syllable is taken for another."""
FAR_LAG = 24
"""Frames of lag that `mouth_curve` goes to: what is told at the far ones is chance."""
MIN_FRAMES = 36


@dataclass(frozen=True)
class Heard:
    """Sound by the frames of the video."""

    level_db: Array  # t, dBFS
    voiced: NDArray[np.bool_]  # t, speech is likely


@dataclass(frozen=True)
class Spoken:
    """Somebody who speaks, by the frames of the video."""

    mouth: Array  # n `PARTS`, changes of the mouth where a face is shown
    at: NDArray[np.int64]  # n, numbers of these frames
    loud: Array  # t, 1 at full scale


def heard(sound: Sound, num_frames: int) -> Heard:
    """How loud each frame is, half a frame before it to half a frame after, and whether it may be speech."""
    edges = np.clip(np.round((np.arange(num_frames + 1) - 0.5) * SOUND_RATE / FPS), 0, len(sound)).astype(int)
    parts = [sound[start:stop] for start, stop in pairwise(edges)]
    level = np.array([level_of(part) for part in parts])
    loud = (level > QUIET_DB) & (level > np.percentile(level, 10) + ABOVE_FLOOR_DB)
    voiced = np.array(
        [is_loud and voice_share(part) >= VOICED for is_loud, part in zip(loud, parts, strict=True)]
    )
    return Heard(level, voiced)


def level_of(part: Sound) -> float:
    """Root mean square, dB of full scale."""
    return max(float(10 * np.log10(np.mean(np.square(part, dtype=np.float64)) + 1e-10)), FULL_SCALE_DB)


def voice_share(part: Sound) -> float:
    """Share of the energy that lies where voices are."""
    power = np.abs(np.fft.rfft(part * bell(len(part)))) ** 2
    hertz = np.fft.rfftfreq(len(part), 1 / SOUND_RATE)
    inside = (hertz >= VOICE_HZ[0]) & (hertz <= VOICE_HZ[1])
    return float(power[inside].sum() / max(power.sum(), 1e-12))


@cache
def bell(length: int) -> Array:
    """The window that a part of the sound is looked at through."""
    return np.hanning(length)


def spoken(sound: Sound, faces: Frames, shown: NDArray[np.bool_]) -> Spoken | None:
    """What is seen and heard of somebody who speaks, None where nobody does.

    `faces` (t, 224, 224, 3) of all frames; `shown` (t,) where there is one.
    """
    if len(faces) < MIN_FRAMES or shown.mean() < 0.7:
        return None
    sounding = heard(sound, len(faces))
    if sounding.voiced.mean() < 0.15:
        return None
    at = np.flatnonzero(shown)  # what stands for a face that is not shown would be its greatest change
    return Spoken(mouth_parts(faces[at]), at, 10 ** (sounding.level_db / 20))


def explained_by_lag(voice: Spoken) -> Array:
    """Share of the sound's loudness that the mouth's pixels tell, by lag.

    Lags go from `MOST_LAG` frames early to as many late.
    """
    inner = (voice.at >= MOST_LAG) & (voice.at < len(voice.loud) - MOST_LAG)
    mouth, at = voice.mouth[inner], voice.at[inner]
    return np.array([explained_share(mouth, voice.loud[at + lag]) for lag in range(-MOST_LAG, MOST_LAG + 1)])


def mouth_curve(voice: Spoken | None) -> str:
    """The same from `FAR_LAG` frames early to as many late, as hex digits of bytes.

    What a lag moves out at one end comes in at the other. Empty where nobody speaks, or in a short clip.
    """
    if voice is None or len(voice.loud) < 2 * FAR_LAG:
        return ""
    around = (voice.at[:, None] + np.arange(-FAR_LAG, FAR_LAG + 1)) % len(voice.loud)
    shares = [explained_share(voice.mouth, loud) for loud in voice.loud[around].T]
    return np.round(255 * np.clip(shares, 0, 1)).astype(np.uint8).tobytes().hex()


def mouth_parts(faces: Frames) -> Array:
    """The most frequent changes (t, `PARTS`) of the mouth's pixels against their mean."""
    boxes = [
        cv2.resize(cv2.cvtColor(face[MOUTH], cv2.COLOR_RGB2GRAY), MOUTH_PX, interpolation=cv2.INTER_AREA)
        for face in faces
    ]
    pixels = np.asarray(boxes, np.float64).reshape(len(boxes), -1)
    pixels -= pixels.mean(axis=0)
    ways, sizes, _ = np.linalg.svd(pixels, full_matrices=False)
    return np.asarray(ways[:, :PARTS] * sizes[:PARTS])


def explained_share(given: Array, wanted: Array) -> float:
    """Share of the variance of `wanted` (t,) that the best line through `given` (t, n) tells."""
    centred = wanted - wanted.mean()
    total = float((centred**2).sum())
    if total <= 1e-12:
        return 0.0
    inputs = given - given.mean(axis=0)
    left = centred - inputs @ np.linalg.lstsq(inputs, centred, rcond=None)[0]
    return float(1 - (left**2).sum() / total)
