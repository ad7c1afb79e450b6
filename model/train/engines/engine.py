"""What drives a network: gradients, steps, and every weight by name, wherever its parts lie.

The loop, the phases and the checkpoints know this protocol alone. Two engines given the same weights, batches
and settings give the same losses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from model.nets.conditions import Conditions
from model.nets.precision import rounded
from model.train.engines.optimizer import AveragingAdamW, Kind, OptimizerSettings

Dtype = Literal["float32", "bfloat16"]
DTYPES: dict[Dtype, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
"""What the network computes in; weights, gradients, moments and averages are float32 in any case."""


Answer = TypeVar("Answer")


class Engine(Protocol):
    """A network under training. What needs a gradient at birth learns; the rest stays as it is.

    All ranks make the same calls in the same order: each may need the others.
    """

    rank: int
    world_size: int
    replica: int
    """Number of the rank's group of ranks that share batches; other groups have other batches."""
    replicas: int
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

    def step(self, lr: float, share: float) -> float:
        """Move what learns by the mean gradient of the batches that count; its length before clipping.

        They are a `share` of the batches of all ranks; where it is 0 nothing moves.
        """
        ...

    def norms(self) -> dict[str, float]:
        """Length of the last step's gradient by part, before clipping; nothing where nothing was moved."""
        ...

    def weights(self, names: Sequence[str], /) -> Iterator[Tensor]:
        """Weights in their order: float32 where they learn, else as the network holds them.

        Valid until the next is asked for.
        """
        ...

    def put_weight(self, name: str, value: Tensor) -> None:
        """Replace a weight that learns, float32."""
        ...

    def states(self, names: Sequence[str], kind: Kind, /) -> Iterator[Tensor]:
        """A state of weights that learn, in their order, float32; valid until the next is asked for."""
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


class Build(Protocol):
    """Makes an engine of a network whose averages stand where they began, `steps` steps ago."""

    def __call__(
        self, net: nn.Module, settings: OptimizerSettings, steps: int, *, stored: Mapping[str, Tensor]
    ) -> Engine:
        """The engine; weights without memory are taken from those stored."""
        ...


class PlainEngine:
    """An engine of one process, in plain sight."""

    rank, world_size = 0, 1
    replica, replicas = 0, 1

    def __init__(
        self,
        net: nn.Module,
        settings: OptimizerSettings,
        steps: int,
        *,
        device: torch.device,
        dtype: Dtype,
        grad_accumulation: int,
        stored: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.net = rounded(net, device, DTYPES[dtype], stored)
        self.device, self.max_grad_norm, self.grad_accumulation = (
            device,
            settings.max_grad_norm,
            grad_accumulation,
        )
        self.all = dict(self.net.named_parameters()) | dict(self.net.named_buffers())
        self.learning = {name: weight for name, weight in self.net.named_parameters() if weight.requires_grad}
        self.masters = {name: master_of(weight) for name, weight in self.learning.items()}
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
        """Add gradients, in float32."""
        (loss / self.grad_accumulation).backward()
        for name, weight in self.learning.items():
            if weight is not self.masters[name]:
                add_gradient(self.masters[name], weight)

    def step(self, lr: float, share: float) -> float:
        """Move what learns."""
        gradients = [gradient_of(master) for master in self.masters.values()]
        if share:
            torch._foreach_div_(gradients, share)
        self.length = float(clip_grad_norm_(self.masters.values(), self.max_grad_norm))
        self.optimizer.set_lr(lr)
        self.optimizer.resting = share == 0
        self.optimizer.step()
        self.optimizer.zero_grad()
        for name in self.learning:
            self.show(name)
        return self.length

    @torch.no_grad()
    def show(self, name: str) -> None:
        """Let the network see the float32 weight."""
        if self.learning[name] is not self.masters[name]:
            self.learning[name].copy_(self.masters[name])

    def norms(self) -> dict[str, float]:
        """By part."""
        return lengths(self.optimizer, self.length, lambda squares: squares)

    def weights(self, names: Sequence[str]) -> Iterator[Tensor]:
        """Weights."""
        return (self.masters.get(name, self.all[name]).detach() for name in names)

    @torch.no_grad()
    def put_weight(self, name: str, value: Tensor) -> None:
        """Replace a weight."""
        self.masters[name].copy_(value)
        self.show(name)

    def states(self, names: Sequence[str], kind: Kind) -> Iterator[Tensor]:
        """States."""
        return (self.optimizer.state[self.masters[name]][kind] for name in names)

    def put_state(self, name: str, kind: Kind, value: Tensor) -> None:
        """Replace a state."""
        self.optimizer.state[self.masters[name]][kind].copy_(value)

    def mean(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values

    def close(self) -> None:
        """Nothing is held that does not go with the engine."""


def master_of(weight: nn.Parameter) -> nn.Parameter:
    """The float32 weight behind one that learns: itself where it is float32."""
    return weight if weight.dtype == torch.float32 else nn.Parameter(weight.detach().float())


def add_gradient(master: nn.Parameter, weight: nn.Parameter) -> None:
    """Move the gradient of a rounded weight to its master, added in float32."""
    if weight.grad is not None:
        gradient_of(master).add_(weight.grad)
        weight.grad = None


def gradient_of(master: nn.Parameter) -> Tensor:
    """The gradient of a weight, which has none yet where it is made here."""
    if master.grad is None:
        master.grad = torch.zeros_like(master)
    return master.grad


def lengths(optimizer: AveragingAdamW, length: float, summed: Callable[[Tensor], Tensor]) -> dict[str, float]:
    """Lengths of gradients by part that are together of a length, given their squares on this rank.

    They were shortened by one factor, so shares of the squares tell. `summed` adds them over ranks.
    """
    squares, optimizer.squares = optimizer.squares, {}
    if not squares:
        return {}
    found = summed(torch.stack([torch.as_tensor(square) for square in squares.values()]).float())
    shares = (found / found.sum().clamp(min=TINY)).sqrt() * length
    return dict(zip(squares, shares.tolist(), strict=True))


TINY = 1e-30
