"""A drive of any length as a chain of segments: each begins with the frame that the one before ended with.

F = 73 frames of a segment, S side of a face crop, C latent channels, H, W latent height and width,
K references.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from model.data.rng import words
from model.nets.autoencoders.wan import TIME_STRIDE, VideoCodec
from model.nets.conditions import Conditions, FaceCrops, Speech
from model.nets.dit import DiT
from model.sample.colour import matched
from model.sample.first_frames import FirstFrames, PictureReader
from model.sample.solve import Asked, Expert, SamplerSettings, Share, by_time, sample, velocity_of
from model.sample.tiles import decoded

SEGMENT = 73
"""Frames of a segment (method.md 9): 19 latent frames."""

HandOver = Literal["frame", "latent"]
"""What the next segment is given: the last frame, encoded alone as in training, or the last latent frame as
it is, which stands for four frames (the paper's words)."""


class Stretch(NamedTuple):
    """What drives some frames."""

    maps: Tensor
    """6 F 8H 8W, 0..1: skeleton, then sphere."""
    faces: Tensor
    """F 3 S S, RGB -1..1."""
    points: Tensor
    """F 3 2 float32, px of the crops: right eye, left eye, mouth."""
    seen: Tensor
    """F bool: a face is there."""
    speech: Speech | None = None
    """What the faces follow, as a batch of one."""


Drive = Callable[[NDArray[np.int64]], Stretch]
"""What drives the frames of these numbers, in their order."""


def num_segments(frames: int) -> int:
    """Segments that cover so many frames: k of them make 73 + 72 (k - 1)."""
    return max(1, -(-(frames - 1) // (SEGMENT - 1)))


def numbers_of(segment: int, frames: int) -> NDArray[np.int64]:
    """Numbers of the driving frames of a segment; behind the end the drive runs back, and forth again."""
    return ping_pong(np.arange(SEGMENT) + segment * (SEGMENT - 1), frames)


def ping_pong(numbers: NDArray[np.int64], frames: int) -> NDArray[np.int64]:
    """Frames of a film of so many that goes back at its end, and forth again at its beginning."""
    lap = numbers % max(2 * (frames - 1), 1)
    return np.minimum(lap, 2 * (frames - 1) - lap)


Caption = Tensor
"""What is to be seen (1, L, E), in words as networks read them."""


@dataclass(frozen=True, kw_only=True)
class Animator:
    """What makes videos."""

    net: DiT
    codec: VideoCodec
    device: torch.device
    how: SamplerSettings
    hand_over: HandOver
    match_colours: bool
    """A segment whose first frame is of other colours than the last before it gets those."""
    seed: int
    much_noise: Expert | None = None
    """Where two networks share the way from noise: the other one."""
    share: Share | None = None
    """With whom the answers of a step are shared out."""
    tile_px: int = 0
    """Side of the tiles in which films are decoded; 0: whole frames."""
    clip: PictureReader | None = None
    """How the network sees first frames besides, if it was trained so."""
    caption: Caption | None = None

    def __call__(self, references_KCHW: Tensor, drive: Drive, frames: int) -> Iterator[Tensor]:
        """The video (t, 3, 8H, 8W), RGB -1..1, segment by segment; the same bytes for the same seed."""
        first: Tensor | None = None
        last: Tensor | None = None
        for segment in range(num_segments(frames)):
            stretch = drive(numbers_of(segment, frames))
            conditions, noise = self.conditions(references_KCHW, stretch, first), self.noise(segment, stretch)
            latents = sample(self.ask, conditions, noise, self.how, self.share)
            tile = self.tile_px // self.codec.stride
            video = decoded(self.codec, latents, tile)[0].transpose(0, 1)
            if last is not None and self.match_colours:
                video = matched(video, last)
            first, last = self.handed(latents, video), video[-1].clone()
            done = segment * (SEGMENT - 1)
            yield video[min(segment, 1) : frames - done]

    @property
    def ask(self) -> Asked:
        """Whom to ask for velocities."""
        if self.much_noise is None:
            return partial(velocity_of, self.net)
        return partial(by_time, self.net, self.much_noise)

    def conditions(self, references_KCHW: Tensor, stretch: Stretch, first: Tensor | None) -> Conditions:
        """What a segment is made from."""
        flag = torch.ones(1, dtype=torch.bool)
        found = Conditions(
            maps=stretch.maps[None],
            motion_seen=flag,
            references=references_KCHW[None],
            references_seen=flag.expand(1, len(references_KCHW)),
            first=torch.zeros_like(references_KCHW[:1]) if first is None else first,
            first_given=flag if first is not None else ~flag,
            faces=FaceCrops(stretch.faces[None], stretch.points[None], stretch.seen[None]),
            speech=stretch.speech,
            text=self.caption,
            text_seen=flag,
        ).to(self.device, torch.float32)
        return FirstFrames.of(self.net.sizes, self.codec, self.clip).added(found, None)

    def noise(self, segment: int, stretch: Stretch) -> Tensor:
        """The noise of a segment, drawn on the processor: the same on any device."""
        height, width = stretch.maps.shape[-2:]
        size = (
            self.codec.channels,
            1 + (SEGMENT - 1) // TIME_STRIDE,
            height // self.codec.stride,
            width // self.codec.stride,
        )
        word = int(words(1, "animation noise", self.seed, segment)[0])
        return torch.randn((1, *size), generator=Generator().manual_seed(word >> 1)).to(self.device)

    def handed(self, latents: Tensor, video_F3HW: Tensor) -> Tensor:
        """The first latent frame (1, C, H, W) of the next segment."""
        if self.hand_over == "latent":
            return latents[:, :, -1]
        return self.codec.encode(video_F3HW[-1:].transpose(0, 1)[None])[:, :, 0]
