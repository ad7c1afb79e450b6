"""What tokens read of a first frame beside a caption; against diffusers in `pretrained/test_wan.py`."""

from __future__ import annotations

import torch

from model.nets.image import CaptionAttention, ImageTokens
from tests.model.nets_inputs import seed


def test_a_clip_without_a_first_frame_reads_the_caption_alone() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attention = CaptionAttention(24, 2, pictured=True)
    x, text, image = (torch.randn(2, n, 24, generator=seed(n)) for n in (5, 3, 4))
    told = attention.with_image(x, text, ImageTokens(image, torch.tensor([True, False])))
    caption = attention(x, text)
    torch.testing.assert_close(told[1], caption[1])
    assert not torch.allclose(told[0], caption[0], atol=1e-3)
