"""What drives a network: gradients, steps, and every weight by name, wherever its parts lie.

The loop, the phases and the checkpoints know this protocol alone. Two engines given the same weights, batches
and settings give the same losses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from model.nets.conditions import Conditions
from model.train.engines.optimizer import AveragingAdamW, Kind, OptimizerSettings

Dtype = Literal["float32", "bfloat16"]
DTYPES: dict[Dtype, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
"""What the network computes in; weights, moments and averages are float32 in any case."""


Answer = TypeVar("Answer")


class Engine(Protocol):
    """A network under training. What needs a gradient at birth learns; the rest stays as it is.

    All ranks make the same calls in the same order: each may need the others.
    """

    rank: int
    world_size: int
    device: torch.device

    def __call__(self, noisy_BCTHW: Tensor, times_B: Tensor, conditions: Conditions, /) -> Tensor:
        """Velocity (B, C, T, H, W), with gradients."""
        ...

    def ask(self, question: Callable[[Any], Answer], /) -> Answer:
        """What a question gets out of the network, with gradients; the call above asks for velocities."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of one of the step's batches; a step follows the last."""
        ...

    def step(self, lr: float) -> float:
        """Move what learns by the mean gradient of all batches of all ranks; its length before clipping."""
        ...

    def weight(self, name: str) -> Tensor:
        """A weight, on the processor: float32 if it learns, else as the network holds it."""
        ...

    def put_weight(self, name: str, value: Tensor) -> None:
        """Replace a weight that learns, float32."""
        ...

    def state(self, name: str, kind: Kind) -> Tensor:
        """A state of a weight that learns, float32, on the processor."""
        ...

    def put_state(self, name: str, kind: Kind, value: Tensor) -> None:
        """Replace a state of a weight that learns."""
        ...

    def mean(self, values: Tensor) -> Tensor:
        """The mean of all ranks' values."""
        ...

    def close(self) -> None:
        """Give memory back; nothing can be asked of it any more."""
        ...


Build = Callable[[nn.Module, OptimizerSettings, int], Engine]
"""Makes an engine of a network whose averages stand where they began, `steps` steps ago."""


class PlainEngine:
    """An engine of one process, in plain sight."""

    rank, world_size = 0, 1

    def __init__(
        self,
        net: nn.Module,
        settings: OptimizerSettings,
        steps: int,
        *,
        device: torch.device,
        dtype: Dtype,
        grad_accumulation: int,
    ) -> None:
        self.net = net.to(device, DTYPES[dtype])
        self.device, self.max_grad_norm, self.grad_accumulation = (
            device,
            settings.max_grad_norm,
            grad_accumulation,
        )
        self.all = dict(self.net.named_parameters()) | dict(self.net.named_buffers())
        self.learning = {name: weight for name, weight in self.net.named_parameters() if weight.requires_grad}
        self.masters = {name: nn.Parameter(weight.detach().float()) for name, weight in self.learning.items()}
        self.optimizer = AveragingAdamW(self.masters, settings)
        for master in self.masters.values():
            self.optimizer.begin(master, steps)

    def __call__(self, noisy_BCTHW: Tensor, times_B: Tensor, conditions: Conditions) -> Tensor:
        """Velocity."""
        return self.ask(lambda net: net(noisy_BCTHW, times_B, conditions))

    def ask(self, question: Callable[[Any], Answer]) -> Answer:
        """What a question gets out of the network."""
        return question(self.net)

    def backward(self, loss: Tensor) -> None:
        """Add gradients."""
        (loss / self.grad_accumulation).backward()

    def step(self, lr: float) -> float:
        """Move what learns."""
        for name, weight in self.learning.items():
            self.masters[name].grad = (
                torch.zeros_like(weight).float() if weight.grad is None else weight.grad.float()
            )
            weight.grad = None
        length = clip_grad_norm_(self.masters.values(), self.max_grad_norm)
        self.optimizer.set_lr(lr)
        self.optimizer.step()
        for name in self.learning:
            self.show(name)
        return float(length)

    @torch.no_grad()
    def show(self, name: str) -> None:
        """Let the network see the float32 weight."""
        if self.learning[name].dtype != torch.float32:
            self.learning[name].copy_(self.masters[name])

    def weight(self, name: str) -> Tensor:
        """A weight."""
        return self.masters.get(name, self.all[name]).detach().cpu()

    @torch.no_grad()
    def put_weight(self, name: str, value: Tensor) -> None:
        """Replace a weight."""
        self.masters[name].copy_(value)
        self.show(name)

    def state(self, name: str, kind: Kind) -> Tensor:
        """A state."""
        state: Tensor = self.optimizer.state[self.masters[name]][kind]
        return state.cpu()

    def put_state(self, name: str, kind: Kind, value: Tensor) -> None:
        """Replace a state."""
        self.optimizer.state[self.masters[name]][kind].copy_(value)

    def mean(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values

    def close(self) -> None:
        """Nothing is held that does not go with the engine."""
