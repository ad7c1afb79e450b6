"""Films decoded tile by tile, against those decoded whole."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from model.nets.autoencoders.wan import WanVae
from model.sample.tiles import decoded, starts
from tests.model.nets_inputs import seed
from tests.model.train.runs import some_codec
from tests.parity.weights import drawn


def test_tiles_cover_a_side_and_share_a_fourth() -> None:
    for size in range(1, 60):
        for tile in (4, 8, 12):
            found = list(starts(size, tile))
            assert found[0] == 0
            assert found[-1] + tile >= size
            assert size <= tile or found[-1] + tile == size
            assert all(later - place <= tile - tile // 4 for place, later in pairwise(found))


@pytest.mark.parametrize("sides", [(6, 6), (20, 6), (9, 21)])
def test_a_codec_that_sees_no_surroundings_gives_the_same(sides: tuple[int, int]) -> None:
    codec, latents = some_codec(), torch.randn(1, 16, 2, *sides, generator=seed(0))
    torch.testing.assert_close(decoded(codec, latents, 8), codec.decode(latents), atol=1e-5, rtol=0)
    assert torch.equal(decoded(codec, latents, 0), codec.decode(latents))


class Counting(WanVae):
    """Keeps the sizes that it decodes."""

    def __init__(self, vae: Any, stride: int) -> None:
        super().__init__(vae, stride)
        self.sizes: list[list[int]] = []

    def decode(self, latents: Tensor) -> Tensor:
        self.sizes.append(list(latents.shape[-2:]))
        return super().decode(latents)


def test_an_autoencoder_is_asked_for_tiles_alone_and_no_seam_is_seen() -> None:
    """Its middle looks everywhere, so tiles differ a little from the whole; where they meet is no edge."""
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(base_dim=4, num_res_blocks=1)
    vae.load_state_dict(drawn(vae, gain=1.0))
    codec, latents = Counting(vae, 8), torch.randn(1, 16, 1, 8, 24, generator=seed(0))
    whole = codec.decode(latents)
    tiled = decoded(codec, latents, 12)
    assert codec.sizes == [[8, 24], [8, 12], [8, 12], [8, 12]]
    wrong = tiled - whole
    assert wrong.abs().mean() < 0.25 * (whole - whole.mean()).abs().mean()
    texture = whole.diff(dim=-1).abs().mean()
    edges = [8 * (place + side) for place in starts(24, 12) for side in (0, 12) if 0 < place + side < 24]
    assert wrong.diff(dim=-1)[..., [edge - 1 for edge in edges]].abs().mean() < 0.2 * texture
    cut = torch.cat([codec.decode(latents[..., :12]), codec.decode(latents[..., 12:])], dim=-1) - whole
    assert cut.diff(dim=-1)[..., 8 * 12 - 1].abs().mean() > wrong.diff(dim=-1)[..., 8 * 12 - 1].abs().mean()
