"""Which times are trained and which are visited: 0 is data, 1 is noise.

Long videos keep their shape under much noise, so times move towards noise: t <- s t / (1 + (s - 1) t), with s
about 3 to 7 for some 45 000 tokens (method.md 7.4; arXiv 2403.03206).
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def shift(t: Tensor, timestep_shift: float) -> Tensor:
    """Times moved towards noise; 0 and 1 stay, strength 1 changes nothing."""
    return timestep_shift * t / (1 + (timestep_shift - 1) * t)


ALL_TIMES = (0.0, 1.0)


def draw(
    num: int, generator: Generator, *, timestep_shift: float, within: tuple[float, float] = ALL_TIMES
) -> Tensor:
    """Times (num,) to train at: the sigmoid of a normal, so the middle ones are drawn most, then shifted.

    `within` bounds them: of the same density, none lies elsewhere.
    """
    if within == ALL_TIMES:
        normal = torch.randn(num, generator=generator, device=generator.device)
        return shift(torch.sigmoid(normal), timestep_shift)
    even = torch.rand(num, generator=generator, device=generator.device, dtype=torch.float64)
    ends = even.new_tensor(within)
    low, high = torch.special.ndtr(torch.logit(shift(ends, 1 / timestep_shift).clamp(0, 1)))
    normal = torch.special.ndtri(low + (high - low) * even)
    return shift(torch.sigmoid(normal), timestep_shift).clamp(*within).float()


def descent(steps: int, *, timestep_shift: float) -> Tensor:
    """Times (steps + 1,) from noise to data, even before they are shifted, float64.

    Raises:
        ValueError: fewer than one step.
    """
    if steps < 1:
        raise ValueError(f"{steps} steps do not lead from noise to a video; take at least 1")
    return shift(torch.linspace(1, 0, steps + 1, dtype=torch.float64), timestep_shift)
