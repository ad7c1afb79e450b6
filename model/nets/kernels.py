"""Which kernel computes the attention of many tokens to many: chosen once, said, and no other steps in.

Torch would take FlashAttention 2 wherever it can. On Hopper cuDNN's kernel is 1.6 times as fast. What is left
to torch is attention to a few keys: faces, captions.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

Kernel = Literal["cudnn", "flash", "efficient", "math"]
"""cuDNN's, FlashAttention (on processors their own), the memory-efficient one, and products one by one."""
Wanted = Literal["auto", Kernel]

BACKENDS: dict[Kernel, SDPBackend] = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}
HOPPER: tuple[Kernel, ...] = ("cudnn", "flash", "efficient")
OTHERS: tuple[Kernel, ...] = ("flash", "cudnn", "efficient")
HOPPER_CAPABILITY = (9, 0)
MANY = re.compile(r"blocks\.\d+\.(self_attn|ref_attn\.attention)\.")
"""Names of attentions of many tokens to many."""
TOKENS = 256
"""Of the attention that kernels are tried on."""


class ManyToMany(nn.Module):
    """Attention of many tokens to many, by heads (B, A, N, E), (B, A, M, E).

    Torch is told a kernel for the whole process: networks with one compute in one thread at a time.
    """

    backend: SDPBackend | None = None
    """The kernel; None leaves it to torch."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """What the queries read (B, A, N, E)."""
        if self.backend is None:
            return scaled_dot_product_attention(q, k, v)
        with sdpa_kernel(self.backend):
            return scaled_dot_product_attention(q, k, v)


def kernel_for(wanted: Wanted, device: torch.device, dtype: torch.dtype, head_width: int) -> Kernel:
    """The kernel for attention of such numbers on a device: the wanted one, or the fastest that runs there.

    Raises:
        ValueError: it does not run there, or none does.
    """
    new = device.type == "cuda" and torch.cuda.get_device_capability(device) >= HOPPER_CAPABILITY
    candidates = (HOPPER if new else OTHERS) if wanted == "auto" else (wanted,)
    for kernel in candidates:
        if runs(kernel, device, dtype, head_width):
            return kernel
    raise ValueError(
        f"attention by {', '.join(candidates)} does not run on {device} with {dtype} and heads of "
        f"{head_width}: give --settings.attention another; math runs everywhere, slowly"
    )


def runs(kernel: Kernel, device: torch.device, dtype: torch.dtype, head_width: int) -> bool:
    """Whether a kernel computes an attention of such numbers, there and back."""
    x = torch.zeros(1, 1, TOKENS, head_width, device=device, dtype=dtype, requires_grad=True)
    try:
        with sdpa_kernel(BACKENDS[kernel]):
            scaled_dot_product_attention(x, x, x).sum().backward()
    except RuntimeError:
        return False
    return True


def use_kernel(net: nn.Module, kernel: Kernel) -> None:
    """Let a network's attention of many tokens to many be computed by a kernel, and by no other."""
    for name, module in net.named_modules():
        if isinstance(module, ManyToMany) and MANY.search(name):
            module.backend = BACKENDS[kernel]


FEW = 64
"""Keys up to which an attention is cheap to do again."""
FUSED = {
    getattr(torch.ops.aten, f"_scaled_dot_product_{name}").default
    for name in (
        *("flash_attention", "efficient_attention", "cudnn_attention"),
        *("flash_attention_for_cpu", "fused_attention_overrideable"),
    )
}


def costly(operation: object, given: tuple[Any, ...]) -> bool:
    """Whether an operation on queries and keys, and more, is an attention to many tokens."""
    return operation in FUSED and given[1].shape[-2] > FEW
