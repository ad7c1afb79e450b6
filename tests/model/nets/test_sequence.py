"""A batch on several ranks says and teaches what it does on one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from model.nets.dit import DiT
from model.nets.sequence import Lanes
from model.nets.sizes import Sizes
from tests.model.nets.ranks import Thread, on_ranks
from tests.model.nets_inputs import awake, noisy, small, some_conditions

Taught = tuple[Tensor, dict[str, Tensor]]


@pytest.fixture(autouse=True)
def products() -> Iterator[None]:
    """All attention one by one, said once: which kernels torch may take, all threads of a process share."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


def taught(net: DiT) -> Taught:
    """The answer to a batch, and the gradients of what it teaches."""
    conditions = some_conditions(latents=4, references=3)
    velocity = net(*noisy(conditions), conditions)
    (velocity.square().mean() + velocity[:, :3].abs().mean()).backward()
    gradients = {name: weight.grad for name, weight in net.named_parameters() if weight.grad is not None}
    return velocity.detach(), gradients


@pytest.mark.parametrize("reach", ["frame", "clip"])
@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("activation_checkpointing", [False, True])
def test_ranks_that_share_tokens_learn_what_one_learns(
    size: int, reach: str, activation_checkpointing: bool
) -> None:
    """Pictures of 6 tokens, so four ranks have 2, 2, 1 and 1."""
    sizes: Sizes = small(heads=12, face_reach=reach)

    def act(rank: Thread) -> Taught:
        net = awake(sizes, activation_checkpointing=activation_checkpointing)
        net.group = rank
        return taught(net)

    expected, gradients = taught(awake(sizes))
    found = on_ranks(size, act)
    for velocity, own in found:
        torch.testing.assert_close(velocity, expected, rtol=1e-5, atol=1e-6)
        assert own.keys() == gradients.keys()
    for name, gradient in gradients.items():
        mean = torch.stack([own[name] for _, own in found]).mean(dim=0)
        torch.testing.assert_close(mean, gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("see", ["references", "all"])
def test_ranks_share_references_that_see_one_another_alone_and_branches_of_fewer_heads(see: str) -> None:
    sizes = small(heads=12, layers=3, references_see=see, reference_every=2, branch_width=24)

    def act(rank: Thread) -> Taught:
        net = awake(sizes)
        net.group = rank
        return taught(net)

    expected, gradients = taught(awake(sizes))
    found = on_ranks(2, act)
    for velocity, _ in found:
        torch.testing.assert_close(velocity, expected, rtol=1e-5, atol=1e-6)
    for name, gradient in gradients.items():
        mean = torch.stack([own[name] for _, own in found]).mean(dim=0)
        torch.testing.assert_close(mean, gradient, rtol=1e-4, atol=1e-6)


def test_ranks_see_a_caption_and_withheld_conditions_alike() -> None:
    conditions = replace(some_conditions(), motion_seen=torch.tensor([True, False]), faces=None)

    def act(rank: Thread) -> Tensor:
        net = awake(small())
        net.group = rank
        return net(*noisy(conditions), conditions).detach()

    expected = awake(small())(*noisy(conditions), conditions).detach()
    for velocity in on_ranks(2, act):
        torch.testing.assert_close(velocity, expected, rtol=1e-5, atol=1e-6)


def test_a_picture_of_fewer_tokens_than_ranks_is_refused() -> None:
    def act(rank: Thread) -> str:
        with pytest.raises(ValueError, match="3 tokens of a picture cannot be shared by 4 ranks") as found:
            Lanes.of(rank, 3)
        return str(found.value)

    assert len(on_ranks(4, act)) == 4
