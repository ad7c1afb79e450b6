"""How large the weights of a fresh network are, and which are zero."""

from __future__ import annotations

import math

import pytest
import torch

from model.nets.dit import DiT
from tests.model.nets_inputs import seed, small


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return dict(DiT(small(width=192, heads=4, layers=8, ffn=384), seed(0)).named_parameters())


def spread(weight: torch.Tensor) -> float:
    return float(weight.detach().square().mean().sqrt())


def test_layers_keep_the_size_of_what_they_read(weights: dict[str, torch.Tensor]) -> None:
    modulations = torch.cat([weights[f"blocks.{n}.modulation"].flatten() for n in range(8)])
    assert spread(modulations) == pytest.approx(192**-0.5, rel=0.05)
    linear = weights["blocks.0.ffn.0.weight"]  # Glorot's
    assert spread(linear) == pytest.approx(math.sqrt(2 / (192 + 384)), rel=0.02)
    assert float(linear.detach().abs().max()) <= math.sqrt(6 / (192 + 384))
    convolution = next(
        weight for name, weight in weights.items() if name.startswith("pose.") and weight.ndim > 1
    )
    assert spread(convolution) == pytest.approx(math.sqrt(2 / convolution[0].numel()), rel=0.1)  # He's


def test_what_is_added_says_nothing_at_first(weights: dict[str, torch.Tensor]) -> None:
    zero = {name for name, weight in weights.items() if name.endswith(".weight") and not weight.any()}
    assert zero >= {"control_embedding.weight", "head.head.weight", "speech.out.weight"}
    assert {name.split(".", 2)[2] for name in zero if name.startswith("blocks.")} == {
        "ref_attn.attention.o.weight",
        "face_attn.attention.o.weight",
    }
