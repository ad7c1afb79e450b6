"""How much speaks for a body that the pose network sees: on hands and plants it sees bodies too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.estimators.mediapipe.pose import Pose

MISFIT = 0.1
"""Misfit that is usual for a body."""


@dataclass(frozen=True)
class Seen:
    """A body in a picture, and how much speaks for it."""

    pose: Pose
    body: int
    """Number of the known body that it is; -1 for a new one."""
    detected: float
    """Best score of a detector that proposed it, 0 where none did."""
    face: float = 0.0
    """Score of a face found at its head."""
    palm: float = 0.0
    """Score of a palm on it that is as large as its head."""

    @property
    def evidence(self) -> float:
        """Log odds that it is a person: presence plus detection plus twice the face, where there is one.

        Without a face, a large palm and a misfit of metres and pixels speak against it. Seen on real
        pictures: a person 5 to 17; hands, plants, table legs that look like one -10 to 5.
        """
        sure = log_odds(self.pose.presence) + log_odds(self.detected) + 2 * max(log_odds(self.face), 0.0)
        doubt = max(log_odds(self.palm), 0.0) + (misfit(self.pose) / MISFIT) ** 2 / 2
        return sure - (1 - self.face) * doubt


def log_odds(p: float) -> float:
    """Log of p / (1 - p), for p held within 0.1 and 99.9 %; absent detections stand at 20 %."""
    p = min(max(p, 0.001), 0.999) if p > 0 else 0.2
    return float(np.log(p / (1 - p)))


def misfit(pose: Pose) -> float:
    """How badly the seen points' metres fit their pixels: rest over spread, at the best scale.

    The network guesses both on their own; on what is no body they disagree. People have 0.05 to 0.2, less
    where they are seen as a whole; two points always fit and say nothing: 1.
    """
    seen = pose.visibility > 0.5
    if seen.sum() < 3:
        return 1.0
    flat = pose.points[seen] - pose.points[seen].mean(axis=0)
    metres = pose.world[seen, :2] - pose.world[seen, :2].mean(axis=0)
    scale = np.sum(flat * metres) / np.sum(metres**2)
    return float(np.linalg.norm(flat - scale * metres) / np.linalg.norm(flat))
