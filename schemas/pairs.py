"""Pairs of samples across clips: one row each, in a table of `understudy pairs`."""

from __future__ import annotations

from typing import Literal

from schemas.base import record

PairKind = Literal["cross_clip", "cross_view", "cross_identity"]
"""Same person at another time; same moment in another camera; another person's performance."""


@record
class PairRow:
    """Who drives, who is to be seen, and where looks come from; windows in frames of each sample."""

    key: str  # "<kind>-<driver>-<its first frame>-<target>-<its first frame>"
    kind: PairKind
    driver_key: str
    driver_start: int
    target_key: str
    target_start: int
    frames: int  # of both windows
    reference_key: str  # of the target's person, never at the instant of its window in another camera
    driver_person: str
    target_person: str
    driver_subject: str  # empty where the manifest tells none
    target_subject: str
    yaw_difference_deg: float  # between their bodies, mean over the windows, 0..180
    similarity: float  # of the driver's looks to the target's, -1..1; NaN where no landing tells looks
    schema: int
