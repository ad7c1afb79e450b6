"""What stays float32 where the network computes in bfloat16."""

from __future__ import annotations

import torch

from model.nets.precision import rounded, stays_float32
from tests.model.nets_inputs import awake, change, noisy, small, some_conditions

CPU = torch.device("cpu")


def test_norms_times_and_statistics_are_never_rounded() -> None:
    net = rounded(awake(small()), CPU, torch.bfloat16)
    exact = stays_float32(net)
    assert {name for name, weight in net.named_parameters() if weight.dtype == torch.float32} == exact
    assert {
        *("blocks.1.modulation", "head.modulation", "time_embedding.0.weight", "time_projection.1.bias"),
        *("blocks.0.self_attn.norm_q.weight", "blocks.0.norm3.bias", "face.motion.model.bn1.weight"),
        *("face.motion.to_eye.2.weight", "speech.norm.weight", "blocks.0.ref_attn.norm_r.weight"),
    } <= exact
    assert not exact & {"blocks.0.ffn.0.weight", "no_caption", "head.head.weight", "face.mlp.0.weight"}
    assert {buffer.dtype for buffer in net.buffers() if buffer.is_floating_point()} == {torch.float32}


def test_neighbouring_times_are_told_apart() -> None:
    """In bfloat16 the embedding of a time would be wrong by half a percent, by another half next to it."""
    whole, net = awake(small()), rounded(awake(small()), CPU, torch.bfloat16)
    times = torch.linspace(0.5, 0.501, 9)
    for found, expected in zip(net.time(times[:, None]), whole.time(times[:, None]), strict=True):
        torch.testing.assert_close(found, expected)


def test_a_rounded_network_learns_and_says_nearly_the_same() -> None:
    whole, net = awake(small()), rounded(awake(small()), CPU, torch.bfloat16)
    conditions = some_conditions()
    found = net(*noisy(conditions), conditions)
    assert found.dtype == torch.float32
    assert change(found.detach(), whole(*noisy(conditions), conditions).detach()) < 0.1
    found.square().mean().backward()
    assert all(weight.grad is None or weight.grad.dtype == weight.dtype for weight in net.parameters())
