"""Every attention is one that torch's fused kernel computes: no mask anywhere, and no scores in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from model.nets.conditions import Conditions
from model.nets.face import Reach
from tests.model.nets_inputs import awake, noisy, small, some_conditions


class Asked(TorchFunctionMode):
    """Notes how attention is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[int, dict[str, Any]]] = []

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        if function is scaled_dot_product_attention:
            self.calls.append((len(args), kwargs or {}))
        return function(*args, **(kwargs or {}))


class Ran(TorchDispatchMode):
    """Counts the kernels that run."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: Counter[str] = Counter()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        self.kernels[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))


def scene_of(*, faces: bool) -> Conditions:
    conditions = some_conditions()
    conditions.references_seen[0, 1] = False
    conditions.motion_seen[1] = False
    return conditions if faces else replace(conditions, faces=None)


@pytest.mark.parametrize(("faces", "layers"), [(True, 5), (False, 4)])
@pytest.mark.parametrize("reach", ["frame", "clip"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_is_one_fused_kernel_without_a_mask(
    faces: bool, layers: int, reach: Reach, dtype: torch.dtype
) -> None:
    sizes = small(face_reach=reach)
    net, conditions = awake(sizes).to(dtype), scene_of(faces=faces)
    fused = sdpa_kernel(SDPBackend.FLASH_ATTENTION)  # what torch takes of itself depends on the machine
    with fused, Asked() as asked, Ran() as ran:
        net(*noisy(conditions), conditions).sum().backward()
    assert len(asked.calls) == layers * sizes.layers  # self, text twice, references, faces
    assert all(call == (3, {}) for call in asked.calls)
    forward = "_scaled_dot_product_flash_attention_for_cpu"
    assert ran.kernels[forward] == ran.kernels[forward + "_backward"] == layers * sizes.layers
    assert not [name for name in ran.kernels if "softmax" in name or "attention_math" in name]
