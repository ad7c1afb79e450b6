"""Whether the references of a sample show its person, from more than one side."""

from __future__ import annotations

import numpy as np

from pipeline.estimators.appearance.colours import ColourEmbedder
from pipeline.measures.measure import Measure
from pipeline.measures.opened import OpenedSample

LOOKS = 6
"""Frames of the clip that a reference is compared with, at most."""


def reference_yaw_gap(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    yaws = sample.reference_yaws
    return float(np.degrees(np.ptp(yaws))) if len(yaws) > 1 else None


def reference_distance(sample: OpenedSample) -> float:
    """See `MEASURES`."""
    embed = ColourEmbedder()
    shown = np.linspace(0, len(sample.frames) - 1, min(LOOKS, len(sample.frames)), dtype=int)
    clip = np.concatenate([embed(sample.frames[t : t + 1]).vectors for t in shown])  # none is copied
    references = embed(sample.references).vectors
    nearest = (references @ clip.T).max(axis=1)
    return float(1 - nearest.min())


MEASURES = (
    Measure(
        name="reference_yaw_gap",
        unit="degrees",
        says="from the least to the greatest body yaw of the references",
        source="method.md 6: references show the person from several sides",
        of=reference_yaw_gap,
    ),
    Measure(
        name="reference_distance",
        unit="1 - cosine",
        says="of the reference least like the clip, how far its colours are from those of the nearest "
        "frame: clothes, hair and light, and not who somebody is",
        source="pipeline/estimators/appearance/colours.py",
        of=reference_distance,
    ),
)
