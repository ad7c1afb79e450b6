"""How many operations a frame of one person takes of the published networks, for what has not been measured.

An operation is a multiplication or an addition. Layers that do nearly all of the work are counted; of
transformers those of their weights and of attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.tracks import Role

TOKENS, DEPTH, WIDTH = 192, 32, 1280
"""Of HMR2.0's and HaMeR's backbone on one crop."""
APPEARANCE_EVERY = 6
"""Frames of which one is looked at for appearance."""


@dataclass(frozen=True, kw_only=True)
class NetworkWork:
    """One network on a frame of one person."""

    crops: float
    """That it is shown of a frame."""
    operations: float
    """On one crop."""

    @property
    def per_frame(self) -> float:
        """Operations on a frame."""
        return self.crops * self.operations


def vit_operations(tokens: int, depth: int, width: int) -> float:
    """Of a vision transformer on one picture: 12 width^2 weights a block, and every token on every other."""
    return depth * (2 * tokens * 12 * width**2 + 4 * tokens**2 * width)


RESEARCH: Mapping[Role, NetworkWork] = {
    "person": NetworkWork(crops=1, operations=2 * 10.1e9),  # DWPose-l at 384 x 288 as its authors count
    "body": NetworkWork(crops=1, operations=vit_operations(TOKENS, DEPTH, WIDTH)),
    "hands": NetworkWork(crops=2, operations=vit_operations(TOKENS, DEPTH, WIDTH)),
    "head": NetworkWork(crops=1, operations=2 * 5.4e9),  # ResNet-50 at 256 x 256
    "appearance": NetworkWork(crops=1 / APPEARANCE_EVERY, operations=vit_operations(257, 24, 1024)),
}
"""The paper's stack by role; faces are found by the embedded network, on the processor."""


def frames_per_s(operations_per_s: float, crops_per_s: Mapping[Role, float] = MappingProxyType({})) -> float:
    """Frames of one person that a device sees through all networks in a second.

    Roles whose crops a second are measured on it count by these, the others by their operations.
    """
    seconds = (
        work.crops / crops_per_s[role] if role in crops_per_s else work.per_frame / operations_per_s
        for role, work in RESEARCH.items()
    )
    return 1 / sum(seconds)
