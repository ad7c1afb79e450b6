"""What is heard, and whether the mouth moves when it is."""

from __future__ import annotations

import numpy as np

from pipeline.geometry import Array
from pipeline.measures.measure import Measure
from pipeline.measures.opened import OpenedSample
from pipeline.measures.synchrony import MOST_LAG, level_of
from schemas.media import FPS

MIN_CONFIDENCE = 0.35
"""Below which an offset is not told: of rendered speakers one of 0.29 was off by 128 ms."""


def loudness(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    return None if sample.sound is None else level_of(sample.sound)


def clipping(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    return None if sample.sound is None else float((np.abs(sample.sound) >= 32766 / 32768).mean())


def mouth_confidence(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    explained = sample.mouth_tells
    return None if explained is None else float(explained.max() - np.median(explained))


def mouth_offset_ms(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    explained = sample.mouth_tells
    if explained is None or explained.max() - np.median(explained) < MIN_CONFIDENCE:
        return None
    best = int(explained.argmax())
    return float(1000 / FPS * (best - MOST_LAG + peak_between(explained, best)))


def peak_between(values: Array, best: int) -> float:
    """Where a parabola through the largest of values and its neighbours has its top, from the largest on."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, peak, after = values[best - 1 : best + 2]
    bend = before - 2 * peak + after
    return float((before - after) / (2 * bend)) if bend < 0 else 0.0


MEASURES = (
    Measure(
        name="loudness",
        unit="dBFS",
        says="root mean square of the sound against full scale",
        source="AES17, without its 3 dB for sines",
        of=loudness,
    ),
    Measure(
        name="clipping",
        unit="share of samples",
        says="samples at full scale",
        source="AES17",
        of=clipping,
    ),
    Measure(
        name="mouth_confidence",
        unit="share of variance",
        says="of the sound's loudness told by the mouth's changes at the best lag, above the median lag",
        source="audio-visual synchrony: Hershey and Movellan, NIPS 1999; Slaney and Covell, NIPS 2000",
        of=mouth_confidence,
        version=2,
    ),
    Measure(
        name="mouth_offset_ms",
        unit="ms",
        says="by how much the sound is later than the mouth; told where mouth_confidence is 0.35 at least",
        source="limits of what is noticed: ITU-R BT.1359-1",
        of=mouth_offset_ms,
        version=2,
    ),
)
