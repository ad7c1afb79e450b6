"""Small networks and scenes for tests, drawn from a seed."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from model.nets.conditions import Conditions, FaceCrops
from model.nets.dit import DiT
from model.nets.motion import MotionSizes
from model.nets.sizes import Sizes, tiny
from model.nets.speech import SpeechSizes

CHANNELS, TEXT = 16, 24


def seed(number: int) -> Generator:
    """A generator of its own."""
    return Generator().manual_seed(number)


def small(**changes: object) -> Sizes:
    """Sizes that compute in milliseconds."""
    sizes = Sizes(**{**vars(tiny()), "width": 48, "heads": 2, "layers": 2, "ffn": 96, "text_width": TEXT})
    motion = MotionSizes(side=32, placing="aligned", stem=8, depth=1, maps=8, feature=16)
    speech = SpeechSizes(width=16, heads=2, layers=1)
    return replace(sizes, **{"motion": motion, "speech": speech, **changes})  # type: ignore[arg-type]


def awake(sizes: Sizes, **options: bool) -> DiT:
    """A network of which nothing is zero any more, so that every input can be seen in the output."""
    net = DiT(sizes, seed(0), **options)
    generator = seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            if not parameter.any():
                spread = 1 / parameter[0].numel() ** 0.5 if parameter.ndim > 1 else 0.1
                parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
    return net


def noisy(conditions: Conditions, number: int = 2) -> tuple[Tensor, Tensor]:
    """A noised latent and times that fit a conditions."""
    clips, _, frames, height, width = conditions.maps.shape
    generator = seed(number)
    size = (clips, CHANNELS, 1 + (frames - 1) // 4, height // 8, width // 8)
    return torch.randn(size, generator=generator), torch.rand(clips, generator=generator)


def some_conditions(number: int = 3, *, clips: int = 2, references: int = 2, latents: int = 3) -> Conditions:
    """All that can be given: every flag says seen, the second clip continues another."""
    generator, height, width, frames = seed(number), 4, 6, 4 * (latents - 1) + 1

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return Conditions(
        maps=torch.rand(clips, 6, frames, 8 * height, 8 * width, generator=generator),
        motion_seen=torch.ones(clips, dtype=torch.bool),
        references=normal(clips, references, CHANNELS, height, width),
        references_seen=torch.ones(clips, references, dtype=torch.bool),
        first=normal(clips, CHANNELS, height, width),
        first_given=torch.arange(clips) % 2 == 1,
        faces=FaceCrops(
            normal(clips, frames, 3, 32, 32),
            eyes_and_mouth(clips, frames, side=32),
            torch.ones(clips, frames, dtype=torch.bool),
        ),
        text=normal(clips, 5, TEXT),
    )


def eyes_and_mouth(clips: int, frames: int, *, side: int) -> Tensor:
    """Points of faces that look straight out of crops of `side` px."""
    points = side * torch.tensor([[0.35, 0.4], [0.65, 0.4], [0.5, 0.75]])
    return points.expand(clips, frames, 3, 2).clone()


def change(found: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the spread of the expected values."""
    return float((found - expected).abs().max() / expected.std())
