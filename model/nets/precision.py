"""Which weights stay float32 where the network computes in bfloat16: few, and the answer leans on each.

Norms, the embedding of the time and what it modulates, as in Wan 2.1 and diffusers: in bfloat16 neighbouring
times would differ at random by half a percent. Buffers are statistics, and are never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

TIME = re.compile(r"(time_embedding|time_projection)\.|(.*\.)?modulation$")
"""Names of weights that the time goes through."""


class LayerNorm32(nn.LayerNorm):
    """A layer norm in float32 of tokens of any precision."""

    def forward(self, x: Tensor) -> Tensor:
        """The tokens normalised, as precise as they came."""
        return super().forward(x.to(self.weight.dtype)).type_as(x)


class RMSNorm32(nn.RMSNorm):
    """A root-mean-square norm in float32 of tokens of any precision."""

    def forward(self, x: Tensor) -> Tensor:
        """The tokens normalised, as precise as they came."""
        return super().forward(x.to(self.weight.dtype)).type_as(x)


NORMS = (LayerNorm32, RMSNorm32, nn.BatchNorm1d, nn.BatchNorm2d)


def stays_float32(net: nn.Module) -> set[str]:
    """Names of the weights of a network that are never rounded."""
    norms = {name for name, module in net.named_modules() if isinstance(module, NORMS)}
    return {
        name for name, _ in net.named_parameters() if name.rpartition(".")[0] in norms or TIME.match(name)
    }


Net = TypeVar("Net", bound=nn.Module)


def rounded(
    net: Net, device: torch.device, dtype: torch.dtype, stored: Mapping[str, Tensor] | None = None
) -> Net:
    """The network on a device, in place, its weights as `dtype` but for those that stay float32.

    What has no memory yet is taken from what is stored, one after the other.
    """
    exact = stays_float32(net)
    for name, weight in list(net.named_parameters()):
        value = weight.data if stored is None or not weight.is_meta else stored[name]
        put(net, name, value.to(device, value.dtype if name in exact else dtype))
    for name, buffer in list(net.named_buffers()):
        put(net, name, (buffer if stored is None or not buffer.is_meta else stored[name]).to(device))
    return net


def put(net: nn.Module, name: str, value: Tensor) -> None:
    """Give a weight or buffer its numbers; one without memory is replaced, as it cannot be moved."""
    owner = net.get_submodule(name.rpartition(".")[0])
    local = name.rpartition(".")[2]
    old: Tensor = getattr(owner, local)
    if not old.is_meta:
        old.data = value
    elif isinstance(old, nn.Parameter):
        setattr(owner, local, nn.Parameter(value, requires_grad=old.requires_grad))
    else:
        setattr(owner, local, value)
