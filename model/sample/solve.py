"""From noise to the latents of one segment, under guidance (method.md 9).

B clips, C latent channels, T latent frames, H, W latent height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from model.flow.guidance import ConditionMask, Form, answers, in_one_batch, one_by_one
from model.flow.solver import Velocity, euler, heun
from model.flow.timesteps import descent
from model.flow.unipc import unipc
from model.nets.conditions import Conditions, joined
from model.nets.dit import DiT

NO_SHIFT = 1.0
SOLVERS = {"euler": euler, "heun": heun, "unipc": unipc}


@dataclass(frozen=True, kw_only=True)
class SamplerSettings:
    """How noise becomes a video."""

    steps: int = 28
    solver: Literal["euler", "heun", "unipc"] = "euler"
    """Heun's rule asks the network twice a step; UniPC once, and is as exact in fewer steps."""
    timestep_shift: float | None = None
    """Shift of the times towards noise; None: as in training, or none where no training is known."""
    guidance: Form = "nested"
    """How weights act: each on what its condition adds to those before it, references, pose, face; or each
    by itself on what is missing without it."""
    references: float = 2.5
    """Weight of the references; 1 is no guidance."""
    pose: float = 2.5
    """Weight of skeleton and sphere."""
    face: float = 2.5
    """Weight of the face. Equal weights take two answers a step in the nested form, others up to four."""
    one_batch: bool = True
    """Ask for all answers of a step at once: faster on a GPU, for the memory of as many clips."""

    def as_trained(self, timestep_shift: float) -> SamplerSettings:
        """The same, shifted as in a training, unless a shift is given."""
        return replace(self, timestep_shift=timestep_shift) if self.timestep_shift is None else self


Asked = Callable[[Conditions], Velocity]
"""Whom to ask for velocities, given its conditions."""


class Share(NamedTuple):
    """This process among those that share out the answers of a step."""

    rank: int
    size: int
    summed: Callable[[Tensor], Tensor]
    """The sum of what all of them have."""


@torch.no_grad()
def sample(
    ask: Asked, conditions: Conditions, noise_BCTHW: Tensor, how: SamplerSettings, share: Share | None = None
) -> Tensor:
    """Latents (B, C, T, H, W), float32, with a handed-over first frame as it was given.

    The hand-over stays in every branch of the guidance. With a share, this process asks for some of the
    answers of a step; those of all are the same latents, but for the order in which numbers are added.

    Raises:
        ValueError: fewer than one step.
    """
    times = descent(how.steps, timestep_shift=how.timestep_shift or NO_SHIFT)
    latents = SOLVERS[how.solver](guided(ask, conditions, how, share), noise_BCTHW.float(), times)
    given = conditions.first_given.to(latents.device).view(-1, 1, 1, 1)
    latents[:, :, 0] = torch.where(given, conditions.first.to(latents), latents[:, :, 0])
    return latents


def guided(ask: Asked, conditions: Conditions, how: SamplerSettings, share: Share | None = None) -> Velocity:
    """The velocity under guidance; where no face is told of, it has the weight of its pose."""
    face = how.pose if conditions.faces is None else how.face
    weights = answers(how.guidance, references=how.references, pose=how.pose, face=face)
    if share is None:
        return weighted(ask, conditions, weights, one_batch=how.one_batch)
    own = dict([*weights.items()][share.rank :: share.size])
    mine = weighted(ask, conditions, own, one_batch=how.one_batch) if own else nothing
    return lambda x, t: share.summed(mine(x, t))


def nothing(x: Tensor, _: Tensor) -> Tensor:
    """What a process adds that has no answer to ask for."""
    return torch.zeros_like(x)


def weighted(
    ask: Asked, conditions: Conditions, weights: Mapping[ConditionMask, float], *, one_batch: bool
) -> Velocity:
    """The weighted sum of some answers."""
    asked = [masked(conditions, shown) for shown in weights]
    if one_batch:
        return in_one_batch(ask(joined(asked)), [*weights.values()])
    return one_by_one([ask(one) for one in asked], [*weights.values()])


def masked(conditions: Conditions, shown: ConditionMask) -> Conditions:
    """The conditions without what is not to be shown."""
    faces = conditions.faces
    if faces is not None and not shown.face:
        faces = faces._replace(seen=torch.zeros_like(faces.seen))
    return replace(
        conditions,
        references_seen=conditions.references_seen & shown.references,
        motion_seen=conditions.motion_seen & shown.pose,
        faces=faces,
        text_seen=None if conditions.text_seen is None else conditions.text_seen & shown.references,
    )


class Expert(NamedTuple):
    """A network for much noise, and the time from which on it is asked."""

    net: DiT
    above: float


def by_time(net: DiT, much_noise: Expert, conditions: Conditions) -> Velocity:
    """The velocity of two networks that share the way (Wan 2.2 A14B): one for much noise, `net` for little.

    The points of a batch are at one time. Each reads conditions once, when it is first asked.
    """
    high, low = velocity_of(much_noise.net, conditions), velocity_of(net, conditions)

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        return (high if bool(t[0] >= much_noise.above) else low)(x, t)

    return velocity


def velocity_of(net: DiT, conditions: Conditions) -> Velocity:
    """The velocity of a whole network in one place, which reads conditions once, when first asked."""
    context = None

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        nonlocal context
        context = context or net.listen(net.read(conditions))
        return net.denoise(x, t, context)

    return velocity
