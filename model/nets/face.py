"""Face crops to face tokens, one a frame, and the layer by which noise tokens read them (method.md 2.2).

B clips, F video frames, T latent frames, N noise tokens, D width, V numbers of a motion vector; G groups of
noise tokens that read the same M keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from model.nets.alignment import align
from model.nets.attention import Attention
from model.nets.conditions import FaceCrops
from model.nets.layers import EPS
from model.nets.motion import MotionEncoder, MotionSizes
from model.nets.precision import LayerNorm32
from model.nets.rope import Rotation, in_time

Reach = Literal["frame", "clip"]
"""Whose faces a noise token reads: those of its own latent frame's video frames, or the whole clip's."""

FRAMES = 4
"""Video frames that a latent frame stands for; the first stands for one."""

CHUNK = 16
"""Crops that are encoded at a time where activations are computed again."""


EVERY = 5
"""Every so manieth face of a clip is measured: neighbours are alike."""


class Faces(NamedTuple):
    """What Face Attn reads: keys, and the times of those who ask and of the keys as rotations."""

    keys_BGMD: Tensor
    turn_x: Rotation
    turn_keys: Rotation


class FaceEncoder(nn.Module):
    """Face crops to face tokens: PD-FGC's motion vector, then an MLP to the width of the network."""

    def __init__(self, sizes: MotionSizes, width: int, *, activation_checkpointing: bool) -> None:
        super().__init__()
        self.motion = MotionEncoder(sizes)
        self.mlp = nn.Sequential(nn.Linear(sizes.vector, width), nn.SiLU(), nn.Linear(width, width))
        self.null = nn.Parameter(torch.zeros(width))
        self.activation_checkpointing = activation_checkpointing

    def forward(self, faces: FaceCrops) -> Tensor:
        """Motion vectors (B, F, V) of crops."""
        crops, points = (part.flatten(0, 1).split(CHUNK) for part in (faces.pixels, faces.points))
        vectors = torch.cat([self.vectors(self.placed(*chunk)) for chunk in zip(crops, points, strict=True)])
        return vectors.unflatten(0, faces.seen.shape)

    def measure(self, faces: Sequence[FaceCrops]) -> None:
        """Let a fresh motion encoder measure faces of clips, some of each in every batch; see there."""
        pixels = torch.cat([crops.pixels[crops.seen][::EVERY] for crops in faces])
        points = torch.cat([crops.points[crops.seen][::EVERY] for crops in faces])
        num = -(-len(pixels) // CHUNK)
        batches = (self.placed(pixels[first::num], points[first::num]) for first in range(num))
        self.motion.measure(batch for batch in batches if len(batch) > 1)

    def placed(self, crops_NCHW: Tensor, points_N32: Tensor) -> Tensor:
        """Crops as the motion encoder is to read them."""
        sizes = self.motion.sizes
        return align(crops_NCHW, points_N32, sizes.side) if sizes.placing == "aligned" else crops_NCHW

    def vectors(self, crops_NCHW: Tensor) -> Tensor:
        """Motion vectors (N, V) of crops."""
        if self.activation_checkpointing and torch.is_grad_enabled():
            motion = checkpoint(self.motion, crops_NCHW, use_reentrant=False)
        else:
            motion = self.motion(crops_NCHW)
        return motion.vector

    def tokens(self, vectors_BFV: Tensor, seen_BF: Tensor) -> Tensor:
        """Face tokens (B, F, D) of motion vectors, from crops or speech; the null token where no face is."""
        tokens = self.mlp(vectors_BFV)
        return torch.where(seen_BF[..., None], tokens, self.null.to(tokens.dtype))


def read_by_frame(tokens_BFD: Tensor, null_D: Tensor, head_width: int) -> Faces:
    """Each latent frame reads the tokens of its own four frames, or nothing: the null token.

    The first latent frame stands for one video frame, whose token it reads four times. Times are relative to
    the middle of the four.
    """
    first = tokens_BFD[:, :1].expand(-1, FRAMES - 1, -1)
    own = torch.cat([first, tokens_BFD], dim=1).unflatten(1, (-1, FRAMES))  # B T 4 D
    null = null_D.to(own.dtype).expand(*own.shape[:2], 1, -1)
    middle = (FRAMES - 1) / 2
    times = torch.tensor([*(i - middle for i in range(FRAMES)), 0.0], device=own.device)
    keys = torch.cat([own, null], dim=2)
    return Faces(keys, in_time(torch.zeros(1, device=own.device), head_width), in_time(times, head_width))


def read_by_clip(tokens_BFD: Tensor, picture: int, head_width: int) -> Faces:
    """Every noise token, of so many in a picture, reads all face tokens (the paper's M).

    Its own time is the middle of its latent frame.
    """
    frames = torch.arange(tokens_BFD.shape[1], dtype=torch.float32, device=tokens_BFD.device)
    middles = torch.cat([frames[:1], frames[1::FRAMES] + (FRAMES - 1) / 2])
    asked = middles.repeat_interleave(picture)
    return Faces(tokens_BFD[:, None], in_time(asked, head_width), in_time(frames, head_width))


class FaceAttention(nn.Module):
    """Face Attn: what the noise tokens read from the faces of their frames. Starts by answering zero."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.norm_x, self.norm_face = LayerNorm32(width, eps=EPS), LayerNorm32(width, eps=EPS)
        self.attention = Attention(width, heads, inner)

    def forward(self, x_BND: Tensor, faces: Faces) -> Tensor:
        """Answers (B, N, D) to the noise tokens, latent frames slowest."""
        groups = faces.keys_BGMD.shape[1]
        x = self.norm_x(x_BND).unflatten(1, (groups, -1)).flatten(0, 1)
        keys = self.norm_face(faces.keys_BGMD).flatten(0, 1)
        return self.attention(x, keys, faces.turn_x, faces.turn_keys).reshape(x_BND.shape)
