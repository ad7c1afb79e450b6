"""What moves the weights: AdamW, and an average of the weights kept as one more of its states.

Whatever shards, saves or restores the moments does the same to the average, on any number of ranks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from model.nets.param_groups import Part, part

Kind = Literal["exp_avg", "exp_avg_sq", "average"]
"""States of a weight: the two moments, and its average over the steps of the phase."""

KINDS: tuple[Kind, ...] = get_args(Kind)

MOTION = "face.motion."
"""How the names of the motion encoder's weights begin."""


Schedule = Literal["constant", "linear", "cosine"]
FALLS: dict[Schedule, Callable[[float], float]] = {
    "constant": lambda _: 0.0,
    "linear": lambda gone: gone,
    "cosine": lambda gone: (1 - math.cos(math.pi * gone)) / 2,
}
"""How much of its fall a rate has behind it, by how much of its time is gone, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """How weights move (method.md 8)."""

    lr: float = 5e-6
    motion_share: float = 1.0
    """Share of the rate by which the motion encoder moves: less where it would forget, or fall silent."""
    shares: dict[Part, float] = field(default_factory=dict)
    """Shares of the rate by which other parts move, such as base 0.1 beside parts that begin from nothing."""
    warmup_steps: int = 500
    """Steps of a phase over which the rate grows from zero."""
    schedule: Schedule = "constant"
    """How the rate goes on to the end of the phase: it stays, falls evenly, or as half a wave of a cosine."""
    end_share: float = 0.1
    """Share of the rate that is left at the end of a phase, where it falls."""
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    """Longest gradient of a step: longer ones are shortened to it."""
    ema_decay: float = 0.999
    """Share of the average that stays at each step, in the long run."""

    def __post_init__(self) -> None:
        if (
            min(self.lr, self.motion_share, self.max_grad_norm, *self.shares.values()) <= 0
            or self.warmup_steps < 0
            or not 0 <= self.end_share <= 1
            or not 0 <= self.ema_decay < 1
        ):
            raise ValueError(
                f"lr {self.lr:g}, motion_share {self.motion_share:g}, shares {self.shares} and max_grad_norm "
                f"{self.max_grad_norm:g} have to be above 0, warmup_steps {self.warmup_steps} at least 0, "
                f"ema_decay {self.ema_decay:g} from 0 to below 1, end_share {self.end_share:g} from 0 to 1"
            )

    def lr_at(self, step: int, steps: int) -> float:
        """The rate of a step, counted from 0, in a phase of so many: it grows, then stays or falls."""
        grown = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        gone = min(1.0, max(0.0, (step + 1 - self.warmup_steps) / max(steps - self.warmup_steps, 1)))
        fallen = FALLS[self.schedule](gone)
        return self.lr * grown * (1 - (1 - self.end_share) * fallen)

    def share_of(self, name: str) -> float:
        """The share of the rate by which a weight moves."""
        return self.shares.get(part(name), 1.0) * (self.motion_share if name.startswith(MOTION) else 1.0)


class AveragingAdamW(torch.optim.AdamW):
    """AdamW that follows the weights with an exponential average.

    Early averages forget faster, (1 + n) / (10 + n) after n steps, or they would long be the beginning.
    """

    def __init__(self, named: Mapping[str, Tensor], settings: OptimizerSettings) -> None:
        super().__init__(
            groups(named, settings),
            lr=settings.lr,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.set_lr(settings.lr)
        self.stays = settings.ema_decay
        self.resting = False
        """Steps move nothing: no weight, no moment, no average."""
        self.squares: dict[str, Tensor] = {}
        """By part, the sum of squares of the gradients of the last steps, as shortened; to be cleared."""

    def set_lr(self, lr: float) -> None:
        """Move at this rate from now on, each group at its share of it."""
        for group in self.param_groups:
            group["lr"] = lr * group["share"]

    def begin(self, weight: Tensor, steps: int) -> None:
        """States of a weight that has been moved so many times: no moments yet, itself as the average."""
        self.state[weight] = {
            "step": torch.tensor(float(steps), device=weight.device),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
            "average": weight.detach().clone(),
        }

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Move the weights, and their averages after them."""
        if self.resting:
            return None
        answer = super().step(closure)
        for group in self.param_groups:
            moved = [weight for weight in group["params"] if weight.grad is not None]
            if moved:
                squares = sum(weight.grad.square().sum() for weight in moved if weight.grad is not None)
                self.squares[group["part"]] = self.squares.get(group["part"], 0) + squares
                averages = [self.state[weight]["average"] for weight in moved]
                n = float(self.state[moved[0]]["step"])
                torch._foreach_lerp_(averages, moved, 1 - min(self.stays, (1 + n) / (10 + n)))
        return answer


def groups(named: Mapping[str, Tensor], settings: OptimizerSettings) -> list[dict[str, Any]]:
    """Weights of a part and type that move at one share of the rate, float32 last; no group is empty."""
    split: dict[tuple[bool, str, float], list[Tensor]] = {}
    for name, weight in named.items():
        key = weight.dtype == torch.float32, part(name), settings.share_of(name)
        split.setdefault(key, []).append(weight)
    return [
        {"params": split[key], "share": key[2], "part": key[1]} for key in sorted(split, key=lambda k: k[0])
    ]
