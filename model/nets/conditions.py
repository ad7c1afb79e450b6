"""What a clip is made from, as tensors of a batch: all that is given beside the noisy latent.

B clips, C latent channels, T latent frames, F = 4 (T - 1) + 1 video frames, H, W latent height and width,
K references, S side of a face crop, W samples of sound that a frame hears, L caption tokens, E numbers of a
caption token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor


class FaceCrops(NamedTuple):
    """Faces of a batch."""

    pixels: Tensor
    """B F 3 S S, RGB -1..1."""
    points: Tensor
    """B F 3 2 float32, px: right eye, left eye, mouth; in one place where they are not known."""
    seen: Tensor
    """B F bool: else the null token stands there."""

    def to(self, device: torch.device, dtype: torch.dtype) -> FaceCrops:
        """The same on a device, pixels as `dtype`: places need more digits."""
        return FaceCrops(self.pixels.to(device, dtype), self.points.to(device), self.seen.to(device))


class Speech(NamedTuple):
    """What moves the faces of a batch instead of, or together with, their crops."""

    sounds: Tensor
    """B F W, -1..1: see `model.nets.speech.heard`."""
    mouth_only: bool
    """The mouth follows the speech, eyes and emotion the crops; else all follows the speech."""


class Unknown(NamedTuple):
    """What stands beside the noise where frames are unknown, for networks that read it: grey pixels, encoded.

    Each B C T H W; the network takes the one by whether a first frame is given.
    """

    behind_first: Tensor
    """Of the first frame and grey ones behind it."""
    alone: Tensor
    """Of grey frames."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The conditions of a batch; flags say per clip what the network may see of them."""

    maps: Tensor
    """B 6 F 8H 8W, 0..1: skeleton, then sphere."""
    motion_seen: Tensor
    """B bool: maps and faces count; else the pose latent is zero and all faces are null tokens."""
    references: Tensor
    """B K C H W: latents of the references, the primary one first."""
    references_seen: Tensor
    """B K bool: else null tokens stand there."""
    first: Tensor
    """B C H W: the first latent frame, where it is handed over."""
    first_given: Tensor
    """B bool: the first latent frame is known, and the clip continues it."""
    faces: FaceCrops | None = None
    """None leaves Face Attn out (stage 1)."""
    speech: Speech | None = None
    """None: faces move as their crops do. Where no face is seen, speech moves none either."""
    text: Tensor | None = None
    """B L E: a caption's embedding; None is the network's own idea of no caption, ..."""
    text_seen: Tensor | None = None
    """... which stands there too where this, B bool, is False; None: all captions count."""
    unknown: Unknown | None = None
    """Where `first_frame` of the sizes is "beside"."""
    image: Tensor | None = None
    """B I E: CLIP's tokens of the first frame, read where it is given; None: nobody reads any."""

    def to(self, device: torch.device, dtype: torch.dtype) -> Conditions:
        """The same on a device, numbers as `dtype`; sounds stay as they are until they are features."""
        return replace(
            self,
            maps=self.maps.to(device, dtype),
            motion_seen=self.motion_seen.to(device),
            references=self.references.to(device, dtype),
            references_seen=self.references_seen.to(device),
            first=self.first.to(device, dtype),
            first_given=self.first_given.to(device),
            faces=self.faces and self.faces.to(device, dtype),
            speech=self.speech and self.speech._replace(sounds=self.speech.sounds.to(device)),
            text=None if self.text is None else self.text.to(device, dtype),
            text_seen=None if self.text_seen is None else self.text_seen.to(device),
            unknown=self.unknown and Unknown(*(latents.to(device, dtype) for latents in self.unknown)),
            image=None if self.image is None else self.image.to(device, dtype),
        )


def joined(several: Sequence[Conditions]) -> Conditions:
    """One batch of the clips of several, which are alike in all but what is seen of them."""
    return Conditions(
        **{field.name: stacked([getattr(one, field.name) for one in several]) for field in fields(Conditions)}
    )


def stacked(parts: Sequence[Any]) -> Any:
    """Tensors one behind the other along the first axis, as deep as they lie; other values are alike."""
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(list(parts))
    if isinstance(first, tuple):
        return type(first)(*map(stacked, zip(*parts, strict=True)))
    return first
