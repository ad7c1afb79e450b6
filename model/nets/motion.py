"""PD-FGC's motion encoder (arXiv 2211.14506): a face crop as a few hundred numbers without its identity.

The backbone is a face alignment network (FAN, arXiv 1703.07332) with one hourglass. The names of the parts
are those of the published weights. B crops, C channels, V numbers of the motion vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, relu

from model.nets.alignment import plain

HEADPOSE, EYE, EMOTION, MOUTH_EMBED = 6, 6, 30, 500

Placing = Literal["aligned", "plain"]
"""Whether crops are turned and scaled until eyes and mouth have fixed places, or read as they are."""


@dataclass(frozen=True, kw_only=True)
class MotionSizes:
    """Sizes of a motion encoder."""

    side: int
    """Of the crops it reads, px; a multiple of 8."""
    placing: Placing
    stem: int
    """Channels after the first convolution; the hourglass has four times as many."""
    depth: int
    """Times the hourglass halves its picture."""
    maps: int
    """Heat maps behind the hourglass."""
    feature: int
    """Width of the feature, and of the mouth's part of the motion vector."""

    @property
    def parts(self) -> tuple[int, int, int]:
        """Lengths of the parts of a motion vector: eyes, emotion, mouth."""
        return EYE, EMOTION, self.feature

    @property
    def vector(self) -> int:
        """Length of the motion vector."""
        return sum(self.parts)


def pd_fgc() -> MotionSizes:
    """The published encoder: 9.05 million values, a motion vector of 548."""
    return MotionSizes(side=224, placing="aligned", stem=64, depth=4, maps=68, feature=512)


def tiny_motion() -> MotionSizes:
    """A small one of the same build, for runs without a GPU."""
    return MotionSizes(side=64, placing="aligned", stem=16, depth=2, maps=16, feature=64)


LEAST = 0.1
"""Least variance of a channel that is measured, as a share of the mean over channels."""


class Motion(NamedTuple):
    """What a face does, head pose apart from the rest (B, ...)."""

    headpose: Tensor
    """6 numbers."""
    eye: Tensor
    """6: gaze in entries 2 and 3, blink in the others."""
    emotion: Tensor
    """30."""
    mouth: Tensor
    """The feature's width."""

    @property
    def vector(self) -> Tensor:
        """Eye, emotion, mouth (B, V): all but the head pose, which the sphere shows (method.md 2.1)."""
        return torch.cat([self.eye, self.emotion, self.mouth], dim=1)


class ConvBlock(nn.Module):
    """FAN's residual block: three convolutions, each after a norm, whose outputs lie side by side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv3(inputs, half)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), conv3(half, quarter)
        self.bn3, self.conv3 = nn.BatchNorm2d(quarter), conv3(quarter, quarter)
        self.downsample = (
            nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False))
            if inputs != outputs
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """The picture (B, outputs, H, W)."""
        half = self.conv1(relu(self.bn1(x)))
        quarter = self.conv2(relu(self.bn2(half)))
        last = self.conv3(relu(self.bn3(quarter)))
        return torch.cat([half, quarter, last], dim=1) + self.downsample(x)


def conv3(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)


class Hourglass(nn.ModuleDict):
    """Looks at the picture at half its size, and at half of that, and so on, and adds all up."""

    def __init__(self, depth: int, channels: int) -> None:
        names = [f"{part}_{level}" for level in range(1, depth + 1) for part in ("b1", "b2", "b3")]
        super().__init__({name: ConvBlock(channels, channels) for name in (*names, "b2_plus_1")})
        self.depth = depth

    def forward(self, x: Tensor, level: int | None = None) -> Tensor:
        """A picture of the size of `x`."""
        level = self.depth if level is None else level
        low = self[f"b2_{level}"](max_pool2d(x, 2))
        low = self(low, level - 1) if level > 1 else self["b2_plus_1"](low)
        low = interpolate(self[f"b3_{level}"](low), size=x.shape[-2:], mode="bilinear", align_corners=False)
        return self[f"b1_{level}"](x) + low


class Backbone(nn.Module):
    """Crops (B, 3, side, side), RGB -1..1, to a feature (B, feature)."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        c1, c2, c4 = sizes.stem, 2 * sizes.stem, 4 * sizes.stem
        self.conv1, self.bn1 = nn.Conv2d(3, c1, 7, stride=2, padding=3), nn.BatchNorm2d(c1)
        self.conv2, self.conv3, self.conv4 = ConvBlock(c1, c2), ConvBlock(c2, c2), ConvBlock(c2, c4)
        self.m0 = Hourglass(sizes.depth, c4)
        self.top_m_0 = ConvBlock(c4, c4)
        self.conv_last0, self.bn_end0 = nn.Conv2d(c4, c4, 1), nn.BatchNorm2d(c4)
        self.l0, self.bn5 = nn.Conv2d(c4, sizes.maps, 1), nn.BatchNorm2d(sizes.maps)
        self.conv6 = nn.Conv2d(sizes.maps, 1, 3, stride=2, padding=1)
        self.fc = nn.Linear((sizes.side // 8) ** 2, sizes.feature)

    def forward(self, x: Tensor) -> Tensor:
        """Features of crops."""
        x = self.conv2(relu(self.bn1(self.conv1(x))))
        x = self.conv4(self.conv3(max_pool2d(x, 2)))
        x = self.top_m_0(self.m0(x))
        x = self.l0(relu(self.bn_end0(self.conv_last0(x))))
        x = self.conv6(relu(self.bn5(x)))
        return self.fc(relu(x.flatten(1)))


def head(width: int) -> nn.Sequential:
    """A branch behind the backbone."""
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.BatchNorm1d(width), nn.Linear(width, width))


def embed(width: int, outputs: int) -> nn.Sequential:
    """The end of a branch."""
    return nn.Sequential(nn.ReLU(), nn.Linear(width, outputs))


class MotionEncoder(nn.Module):
    """Crops to motion. Its batch norms keep their statistics while its weights learn (method.md 2.2)."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        width = sizes.feature
        self.sizes = sizes
        self.model = Backbone(sizes)
        self.to_mouth, self.mouth_embed = head(width), embed(width, MOUTH_EMBED)
        self.to_headpose, self.headpose_embed = head(width), embed(width, HEADPOSE)
        self.to_eye, self.eye_embed = head(width), embed(width, EYE)
        self.to_emo, self.emo_embed = head(width), embed(width, EMOTION)
        self.eval()

    def train(self, mode: bool = True) -> MotionEncoder:  # noqa: ARG002, FBT001, FBT002 - torch's signature
        """Stays as in evaluation: the frames of a clip are too alike to be a batch's statistics."""
        return super().train(mode=False)

    def measured(self) -> bool:
        """Whether the batch norms have statistics."""
        return all(bool(norm.num_batches_tracked) for norm in self.norms())

    def norms(self) -> Iterator[nn.BatchNorm1d | nn.BatchNorm2d]:
        """The batch norms that the motion vector lies behind."""
        used = nn.ModuleList([self.model, self.to_eye, self.to_emo, self.to_mouth])
        return (part for part in used.modules() if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d))

    @torch.no_grad()
    def measure(self, batches: Iterable[Tensor]) -> None:
        """Give a fresh encoder's batch norms the statistics of faces; batches (B, 3, H, W) hold 2 or more.

        Without them the signal grows from block to block, to tens where others have 1, and the first steps of
        learning leave every ReLU of the end at zero. Channels that hardly change are not blown up.
        """
        for norm in self.norms():
            norm.reset_running_stats()
            norm.momentum = None  # the mean over all batches
            norm.train()
        for crops in batches:
            self(crops)
        self.eval()
        for norm in self.norms():
            assert norm.running_var is not None, "it was reset"
            norm.running_var.clamp_(min=LEAST * float(norm.running_var.mean()))

    def forward(self, crops_B3HW: Tensor) -> Motion:
        """Motion of faces, RGB -1..1, of any size."""
        feature = self.model(plain(crops_B3HW, self.sizes.side))
        return Motion(
            self.headpose_embed(self.to_headpose(feature)),
            self.eye_embed(self.to_eye(feature)),
            self.emo_embed(self.to_emo(feature)),
            self.to_mouth(feature),
        )

    def mouth_embedding(self, mouth: Tensor) -> Tensor:
        """The 500 numbers that PD-FGC's own generator reads; nothing here does."""
        return self.mouth_embed(mouth)
