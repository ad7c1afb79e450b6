"""Rotary positions: pairs of channels turn by an angle that grows with the position (arXiv 2104.09864).

In video the channels of a head are shared out to time, height and width, as in Wan 2.1: what is left over of
thirds goes to time. B clips, A heads, N tokens, E channels of a head.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

BASE = 10_000.0
"""The slowest pair turns once in about 2 pi times this many positions."""


class Rotation(NamedTuple):
    """Cosine and sine of the angle of each pair of channels (N, E / 2); a single row serves all tokens."""

    cos: Tensor
    sin: Tensor

    def first(self, tokens: int) -> Rotation:
        """Of so many tokens at the beginning."""
        return Rotation(self.cos[:tokens], self.sin[:tokens])

    def last(self, tokens: int) -> Rotation:
        """Of so many tokens at the end."""
        return Rotation(self.cos[-tokens:], self.sin[-tokens:])


def rotate(x_BANE: Tensor, rotation: Rotation) -> Tensor:
    """Each pair of neighbouring channels turned by its angle."""
    even, odd = x_BANE.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = (even * rotation.cos - odd * rotation.sin, even * rotation.sin + odd * rotation.cos)
    return torch.stack(turned, dim=-1).flatten(-2).type_as(x_BANE)


def rotation(positions_NX: Tensor, widths: tuple[int, ...]) -> Rotation:
    """Angles of `widths[x]` channels by the position along axis x, for every axis."""
    angles = []
    for x, width in enumerate(widths):
        step = torch.arange(0, width, 2, dtype=torch.float64, device=positions_NX.device) / width
        angles.append(positions_NX[:, x, None].double() * BASE**-step)
    angle = torch.cat(angles, dim=1)
    return Rotation(angle.cos().float(), angle.sin().float())


def in_video(positions_N3: Tensor, head_width: int) -> Rotation:
    """Rotation by time, height and width."""
    side = 2 * (head_width // 6)
    return rotation(positions_N3, (head_width - 2 * side, side, side))


def in_time(positions_N: Tensor, head_width: int) -> Rotation:
    """Rotation by time alone."""
    return rotation(positions_N[:, None], (head_width,))


def grid(times: Tensor, height: int, width: int) -> Tensor:
    """Positions (N, 3) of patches at the given times, time slowest, width fastest."""
    rows, columns = (torch.arange(size, device=times.device) for size in (height, width))
    return torch.cartesian_prod(times, rows, columns)


REFERENCE_STRIDE = 4
"""References lie this far apart, and from the clip, in latent frames."""


def scene_positions(
    num_frames: int, num_references: int, height: int, width: int, device: torch.device
) -> Tensor:
    """Positions (N + R, 3) of a clip's patches from time 0, then of its references', which lie before it.

    Reference i is at time -4 (i + 1) and where its pixels are (method.md 7.2): order is told by position
    alone.
    """
    frames = torch.arange(num_frames, device=device)
    references = -REFERENCE_STRIDE * torch.arange(1, num_references + 1, device=device)
    return grid(torch.cat([frames, references]), height, width)
