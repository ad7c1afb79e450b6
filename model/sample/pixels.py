"""Between pictures as bytes and what the animator reads and gives."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.data.batch import as_input, as_unit
from model.nets.autoencoders.wan import VideoCodec
from model.sample.segments import Stretch

Pictures = NDArray[np.uint8]
"""(t, h, w, 3), RGB."""


def stretch_of(
    skeleton: Pictures,
    sphere: Pictures,
    face: Pictures,
    points: NDArray[np.float32],
    seen: NDArray[np.bool_],
) -> Stretch:
    """What drives frames: their maps, their face crops with eyes and mouth, and where there is a face."""
    maps = as_unit(torch.from_numpy(np.concatenate([skeleton, sphere], axis=-1)))
    faces = as_input(torch.from_numpy(face)).transpose(0, 1)
    return Stretch(maps, faces, torch.from_numpy(points), torch.from_numpy(seen))


def references_of(pictures: Pictures, codec: VideoCodec, device: torch.device) -> Tensor:
    """Latents (K, C, H, W) of reference pictures, the primary one first."""
    return stills(torch.from_numpy(pictures).to(device), codec)


def stills(pictures_KHW3: Tensor, codec: VideoCodec) -> Tensor:
    """Latents (K, C, H, W) of pictures, 0..255, each as a video of one frame."""
    return codec.encode(as_input(pictures_KHW3[:, None]))[:, :, 0]


def pictures_of(video_T3HW: Tensor) -> Pictures:
    """A video of -1..1 as bytes."""
    scaled = ((video_T3HW.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    pictures: Pictures = scaled.movedim(1, -1).cpu().numpy()
    return pictures
