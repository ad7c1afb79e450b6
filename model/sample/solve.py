"""From noise to the latents of one segment, under guidance (method.md 9).

B clips, C latent channels, T latent frames, H, W latent height and width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from model.flow.guidance import nested
from model.flow.solver import Velocity, euler, heun
from model.flow.timesteps import descent
from model.nets.conditions import Conditions
from model.nets.dit import DiT

NO_SHIFT = 1.0
SOLVERS = {"euler": euler, "heun": heun}


@dataclass(frozen=True, kw_only=True)
class SamplerSettings:
    """How noise becomes a video."""

    steps: int = 28
    solver: Literal["euler", "heun"] = "euler"
    """Heun's rule asks the network twice a step."""
    timestep_shift: float | None = None
    """Shift of the times towards noise; None: as in training, or none where no training is known."""
    references: float = 2.5
    """Weight of the references; 1 is no guidance."""
    motion: float = 2.5
    """Weight of pose and face. Equal weights take two answers a step, others three."""

    def as_trained(self, timestep_shift: float) -> SamplerSettings:
        """The same, shifted as in a training, unless a shift is given."""
        return replace(self, timestep_shift=timestep_shift) if self.timestep_shift is None else self


Asked = Callable[[Conditions], Velocity]
"""Whom to ask for velocities, given its conditions."""


@torch.no_grad()
def sample(ask: Asked, conditions: Conditions, noise_BCTHW: Tensor, how: SamplerSettings) -> Tensor:
    """Latents (B, C, T, H, W), float32, with a handed-over first frame as it was given.

    The hand-over stays in every branch of the guidance.

    Raises:
        ValueError: fewer than one step.
    """
    nothing = torch.zeros_like(conditions.references_seen)
    still = replace(conditions, motion_seen=torch.zeros_like(conditions.motion_seen))
    velocity = nested(
        ask(replace(still, references_seen=nothing)),
        ask(still),
        ask(conditions),
        references=how.references,
        motion=how.motion,
    )
    times = descent(how.steps, timestep_shift=how.timestep_shift or NO_SHIFT)
    latents = SOLVERS[how.solver](velocity, noise_BCTHW.float(), times)
    given = conditions.first_given.to(latents.device).view(-1, 1, 1, 1)
    latents[:, :, 0] = torch.where(given, conditions.first.to(latents), latents[:, :, 0])
    return latents


def velocity_of(net: DiT, conditions: Conditions) -> Velocity:
    """The velocity of a whole network in one place, which reads the conditions once, when first asked."""
    context = None

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        nonlocal context
        context = context or net.read(conditions)
        return net.denoise(x, t, context)

    return velocity
