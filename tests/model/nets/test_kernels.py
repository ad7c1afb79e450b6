"""Which kernel computes attention: tried, chosen, and no other in its place."""

from __future__ import annotations

import pytest
import torch
from torch.nn.attention import SDPBackend
from torch.utils._python_dispatch import TorchDispatchMode

from model.nets import kernels
from model.nets.kernels import FEW, FUSED, Kernel, kernel_for, use_kernel
from tests.model.nets_inputs import awake, noisy, small, some_conditions

CPU = torch.device("cpu")


def test_the_fastest_that_runs_is_taken() -> None:
    assert kernel_for("auto", CPU, torch.float32, 64) == "flash"
    assert kernel_for("math", CPU, torch.float32, 64) == "math"


def test_hopper_takes_cudnn_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Kernel] = []

    def runs(kernel: Kernel, *_: object) -> bool:
        tried.append(kernel)
        return kernel == "efficient"

    monkeypatch.setattr(kernels, "runs", runs)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert kernel_for("auto", torch.device("cuda"), torch.bfloat16, 128) == "efficient"
    assert tried == ["cudnn", "flash", "efficient"]
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    kernel_for("auto", torch.device("cuda"), torch.bfloat16, 128)
    assert tried[3] == "flash"


def test_a_kernel_that_does_not_run_is_refused_and_not_replaced() -> None:
    with pytest.raises(ValueError, match=r"attention by efficient does not run on cpu with torch\.float32"):
        kernel_for("efficient", CPU, torch.float32, 64)
    net, conditions = awake(small()), some_conditions()
    use_kernel(net, "efficient")
    with pytest.raises(RuntimeError, match=r"[Nn]o (available|viable)"):
        net(*noisy(conditions), conditions)


def test_it_is_for_attention_of_many_to_many() -> None:
    net = awake(small())
    use_kernel(net, "math")
    chosen = {name for name, module in net.named_modules() if getattr(module, "backend", None) is not None}
    assert chosen == {
        f"blocks.{n}.{part}.attend" for n in "01" for part in ("self_attn", "ref_attn.attention")
    }
    assert net.blocks[0].self_attn.attend.backend == SDPBackend.MATH  # type: ignore[union-attr]


class Attentions(TorchDispatchMode):
    """Lists attentions to many keys, by operation, and whether each is known as one to keep."""

    def __init__(self) -> None:
        super().__init__()
        self.many: list[tuple[str, bool]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if "scaled_dot_product" in str(func) and "backward" not in str(func) and args[1].shape[-2] > FEW:
            self.many.append((str(func), func in FUSED))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(("keep_attention", "times"), [(False, 2), (True, 1)])
def test_attention_to_many_is_kept_where_all_else_is_computed_again(keep_attention: bool, times: int) -> None:
    conditions = some_conditions(latents=11, references=2)  # 6 tokens a picture: 78 in all, of references 12
    net = awake(small(), activation_checkpointing=True, keep_attention=keep_attention)
    whole = awake(small())
    for one in (net, whole):
        use_kernel(one, "flash")  # what torch takes of itself depends on the machine
        with Attentions() as attentions:
            one(*noisy(conditions), conditions).square().mean().backward()
        blocks = 2  # self-attention alone is to many
        flash = "aten._scaled_dot_product_flash_attention_for_cpu.default"
        assert attentions.many == [(flash, True)] * (blocks * times if one is net else blocks)
    for (name, weight), other in zip(net.named_parameters(), whole.parameters(), strict=True):
        if weight.grad is not None:
            torch.testing.assert_close(weight.grad, other.grad, rtol=1e-5, atol=1e-7, msg=name)
