"""How large a network is. No size has a default: a missing one is an error.

What became a choice later has one: that which networks had before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from model.nets.autoencoders.wan import SPACE_STRIDE, STRIDES
from model.nets.face import Reach
from model.nets.motion import MotionSizes, pd_fgc, tiny_motion
from model.nets.speech import SpeechSizes, six_layers, tiny_speech

NOUGHT = {"lora", "branch_width", "image_width"}
"""Sizes that may be 0."""
FirstFrame = Literal["in_place", "at_time_0", "beside"]
LARGEST = 2**16
"""Largest size of anything: no tensor's size overflows."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes of a network."""

    channels: int
    """Of the video latent."""
    pose_channels: int
    """Of the pose latent."""
    pose_width: int
    """Channels after the first layer of the pose encoder; the next two double them."""
    patch: tuple[int, int, int]
    """Latent frames, rows and columns that make a token."""
    width: int
    heads: int
    layers: int
    ffn: int
    """Inner width of the feed-forward."""
    text_width: int
    """Of a caption token as the text encoder gives it."""
    freq_dim: int
    """Numbers that stand for the time before it is embedded."""
    motion: MotionSizes
    face_reach: Reach
    speech: SpeechSizes
    lora: int
    """Rank of the base's low-rank changes, which learn in its place; 0: it learns itself."""
    references_see: Literal["all", "references"] = "all"
    """Whom reference tokens ask in self-attention: noise tokens too, as in the paper, or one another alone.
    Then nothing of them changes with the noise, and sampling computes them once."""
    reference_every: int = 1
    """Every so manieth block has Ref Attn, from the first on."""
    face_every: int = 1
    """Every so manieth block has Face Attn, from the first on."""
    branch_width: int = 0
    """Channels of Ref and Face Attn, whole heads of the others' width; 0: as many as a token has."""
    stride: int = SPACE_STRIDE
    """Px of a side of a latent pixel: those of the autoencoder, 8 or 16."""
    first_frame: FirstFrame = "in_place"
    """How a first frame is handed over: in place of its noise; so, and told the time 0 (as Wan 2.2 TI2V 5B
    was trained); or beside the noise, grey pixels encoded behind it (Wan 2.1 I2V, Wan 2.2 I2V A14B)."""
    image_width: int = 0
    """Of a CLIP token of the first frame, as Wan 2.1 I2V reads them; 0: it reads none."""

    def __post_init__(self) -> None:
        for name, size in {**vars(self), **vars(self.motion)}.items():
            if isinstance(size, int) and not (name not in NOUGHT) <= size <= LARGEST:
                raise ValueError(f"{name} of {size} makes no network: sizes are from 1 to {LARGEST}")
        if self.width % self.heads or self.head_width % 2:
            raise ValueError(f"width {self.width} does not make {self.heads} heads of an even width")
        if self.branch_width % self.head_width:
            raise ValueError(
                f"Ref and Face Attn of {self.branch_width} channels have no whole heads of {self.head_width}"
            )
        if self.stride not in STRIDES:
            raise ValueError(f"a latent pixel of {self.stride} px; {' or '.join(map(str, STRIDES))} are used")
        if self.patch[0] != 1:
            raise ValueError(
                f"a token is of one latent frame, not of {self.patch[0]}: faces are read by frame"
            )

    @property
    def head_width(self) -> int:
        """Channels of an attention head."""
        return self.width // self.heads

    @property
    def branch(self) -> int:
        """Channels of Ref and Face Attn."""
        return self.branch_width or self.width

    @property
    def branch_heads(self) -> int:
        """Their heads."""
        return self.branch // self.head_width


def tiny() -> Sizes:
    """A network that learns on a laptop: about a million values."""
    return Sizes(
        channels=16,
        pose_channels=16,
        pose_width=16,
        patch=(1, 2, 2),
        width=128,
        heads=4,
        layers=4,
        ffn=384,
        text_width=32,
        freq_dim=64,
        motion=tiny_motion(),
        face_reach="frame",
        speech=tiny_speech(),
        lora=0,
    )


def wan_1b() -> Sizes:
    """Wan 2.1 T2V-1.3B and our parts."""
    return wan(width=1536, heads=12, layers=30, ffn=8960)


def wan_14b() -> Sizes:
    """Wan 2.1 14B and our parts."""
    return wan(width=5120, heads=40, layers=40, ffn=13824)


def wan_5b() -> Sizes:
    """Wan 2.2 TI2V-5B and our parts: latents of 48 channels, each pixel of 16 px a side."""
    found = wan(width=3072, heads=24, layers=30, ffn=14336)
    return replace(found, channels=48, stride=16, first_frame="at_time_0")


def wan(*, width: int, heads: int, layers: int, ffn: int) -> Sizes:
    """What all sizes of Wan 2.1 have in common."""
    return Sizes(
        channels=16,
        pose_channels=16,
        pose_width=32,
        patch=(1, 2, 2),
        width=width,
        heads=heads,
        layers=layers,
        ffn=ffn,
        text_width=4096,
        freq_dim=256,
        motion=pd_fgc(),
        face_reach="frame",
        speech=six_layers(),
        lora=0,
    )
