"""A batch as the model wants it: pictures as bytes, time first, in memory that workers share."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from media.members import AROUND, num_sounds
from model.data.faults import Unfit
from schemas.drawing import BODY, HAND
from schemas.latents import CAPTION_TOKENS
from schemas.sample import FACE_SIZE, MAX_REFERENCES


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Windows of one shape: B samples of T frames of H x W px, at most R references each; RGB, 0..255.

    Nothing in it stands for what was not there: what has no measurement is marked, and a sample that could
    not be read is absent, named in `faults`. With all of them unreadable B is 0.

    Maps are drawn from numbers where the batch is used: `model.data.maps`.

    Where latents are stored for all of a batch, they are given in place of the pictures that they are made
    of: then `video` and `references` are of length 0, else `latents` are of no channels.
    """

    keys: tuple[str, ...]
    starts: tuple[int, ...]  # first frame of each window in its clip
    video: Tensor  # B T H W 3 uint8
    skeleton: Tensor  # B T H W 3 uint8, black where not driven; T = 0 unless stored maps are asked for
    sphere: Tensor  # likewise
    points: Tensor  # B T 58 2 float32, px: what skeletons are drawn from, see `schemas.drawing.figures`
    depth: Tensor  # B T 58 float32, m
    score: Tensor  # B T 58 float32, 0 where not driven
    head: Tensor  # B T 3 float32, px: centre and radius of the sphere, no radius where not driven
    head_rotation: Tensor  # B T 3 3 float32
    face: Tensor  # B T 224 224 3 uint8, black where not valid
    face_points: Tensor  # B T 3 2 float32, px: right eye, left eye, mouth; 0 where not valid
    face_valid: Tensor  # B T bool
    driven: Tensor  # B T bool: pose and face are given, not masked
    references: Tensor  # B R H W 3 uint8
    reference_valid: Tensor  # B R bool: the first so many of a sample
    latents: Tensor  # B C T' H' W' float16, of the video
    reference_latents: Tensor  # B R C H' W' float16
    speech: Tensor  # B S float32, -1..1, 16 kHz, of the window and AROUND frames before and after it
    has_speech: Tensor  # B bool
    drop_references: Tensor  # B bool: for the model to withhold
    drop_pose: Tensor  # B bool
    drop_face: Tensor  # B bool
    caption: Tensor  # B L E float16: tokens, zeros behind the last; L = 0 where no sample has a caption
    has_caption: Tensor  # B bool
    drop_caption: Tensor  # B bool
    faults: tuple[Unfit, ...]

    def __len__(self) -> int:
        """Number of samples, B."""
        return len(self.keys)

    @property
    def encoded(self) -> bool:
        """Whether latents are given in place of pictures."""
        return self.latents.shape[1] > 0

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> Batch:
        """The batch with its tensors on a device."""
        return replace(self, **{n: t.to(device, non_blocking=non_blocking) for n, t in tensors(self).items()})

    def pin_memory(self) -> Batch:
        """The batch with its tensors where a GPU can fetch them."""
        return replace(self, **{name: tensor.pin_memory() for name, tensor in tensors(self).items()})


@dataclass(frozen=True, kw_only=True)
class Page:
    """The arrays of one sample in a batch under way, to be filled in."""

    video: NDArray[np.uint8]
    skeleton: NDArray[np.uint8]
    sphere: NDArray[np.uint8]
    points: NDArray[np.float32]
    depth: NDArray[np.float32]
    score: NDArray[np.float32]
    head: NDArray[np.float32]
    head_rotation: NDArray[np.float32]
    face: NDArray[np.uint8]
    face_points: NDArray[np.float32]
    face_valid: NDArray[np.bool_]
    driven: NDArray[np.bool_]
    references: NDArray[np.uint8]
    reference_valid: NDArray[np.bool_]
    latents: NDArray[np.float16]
    reference_latents: NDArray[np.float16]
    speech: NDArray[np.float32]
    has_speech: NDArray[np.bool_]
    drop_references: NDArray[np.bool_]
    drop_pose: NDArray[np.bool_]
    drop_face: NDArray[np.bool_]
    caption: NDArray[np.float16]
    has_caption: NDArray[np.bool_]
    drop_caption: NDArray[np.bool_]


def tensors(batch: Batch) -> dict[str, Any]:
    """The tensors of a batch by name."""
    return {field.name: getattr(batch, field.name) for field in fields(Page)}


NO_LATENTS = (0, 0, 0, 0)
POINTS = BODY + 2 * HAND


def shapes(
    size: int,
    frames: int,
    height: int,
    width: int,
    *,
    latent: tuple[int, ...] = NO_LATENTS,
    caption: int = 0,
    baked: bool = False,
) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shape and type of each tensor of a batch; `latent` is (C, T', H', W') where latents are given.

    `caption` are the numbers of a token, 0 where there are no captions; `baked` are stored maps.
    """
    picture, face = (height, width, 3), (FACE_SIZE, FACE_SIZE, 3)
    times, flag = (size, frames), ((size,), torch.bool)
    maps = ((size, frames if baked else 0, *picture), torch.uint8)
    channels, _, *grid = latent
    most = (frames, MAX_REFERENCES) if channels == 0 else (0, 0)
    return {
        "video": ((size, most[0], *picture), torch.uint8),
        "skeleton": maps,
        "sphere": maps,
        "points": ((*times, POINTS, 2), torch.float32),
        "depth": ((*times, POINTS), torch.float32),
        "score": ((*times, POINTS), torch.float32),
        "head": ((*times, 3), torch.float32),
        "head_rotation": ((*times, 3, 3), torch.float32),
        "face": ((*times, *face), torch.uint8),
        "face_points": ((*times, 3, 2), torch.float32),
        "face_valid": (times, torch.bool),
        "driven": (times, torch.bool),
        "references": ((size, most[1], *picture), torch.uint8),
        "reference_valid": ((size, MAX_REFERENCES), torch.bool),
        "latents": ((size, *latent), torch.float16),
        "reference_latents": ((size, MAX_REFERENCES, channels, *grid), torch.float16),
        "speech": ((size, num_sounds(frames + 2 * AROUND)), torch.float32),
        "has_speech": flag,
        "drop_references": flag,
        "drop_pose": flag,
        "drop_face": flag,
        "caption": ((size, CAPTION_TOKENS if caption else 0, caption), torch.float16),
        "has_caption": flag,
        "drop_caption": flag,
    }


def num_bytes(size: Any, frames: Any, height: Any, width: Any, *, baked: bool) -> Any:
    """Bytes of a batch, near enough: its pictures. Numbers or arrays."""
    return (
        size * 3 * (((3 if baked else 1) * frames + MAX_REFERENCES) * height * width + frames * FACE_SIZE**2)
    )


class Pages:
    """Memory of a batch under way, filled page by page; `shared` between processes, it is never copied."""

    def __init__(
        self,
        size: int,
        frames: int,
        height: int,
        width: int,
        *,
        shared: bool,
        latent: tuple[int, ...] = NO_LATENTS,
        caption: int = 0,
        baked: bool = False,
    ) -> None:
        self.tensors: dict[str, Tensor] = {}
        form = shapes(size, frames, height, width, latent=latent, caption=caption, baked=baked)
        for name, (shape, dtype) in form.items():
            tensor = torch.empty(shape, dtype=dtype)
            self.tensors[name] = tensor.share_memory_() if shared else tensor
        self.arrays = {name: tensor.numpy() for name, tensor in self.tensors.items()}
        self.done: list[tuple[str, int]] = []  # keys and starts

    def next_page(self) -> Page:
        """The first page that is not done."""
        return Page(**{name: array[len(self.done), ...] for name, array in self.arrays.items()})

    def keep(self, key: str, start: int) -> None:
        """The page is done."""
        self.done.append((key, start))

    def batch(self, faults: tuple[Unfit, ...]) -> Batch:
        """The pages that are done, as a batch; references up to the most that one of them has."""
        size = len(self.done)
        parts = {name: tensor[:size] for name, tensor in self.tensors.items()}
        most = int(parts["reference_valid"].sum(dim=1).max()) if size else 0
        for name in ("references", "reference_valid", "reference_latents"):
            parts[name] = parts[name][:, :most]
        return Batch(
            keys=tuple(key for key, _ in self.done),
            starts=tuple(start for _, start in self.done),
            faults=faults,
            **parts,
        )


def as_input(pictures: Tensor) -> Tensor:
    """Pictures (..., T, H, W, 3), 0..255, as a network takes them: (..., 3, T, H, W) float32, -1..1.

    For where the network is: on a GPU this costs nothing, in a loader it would be four times the bytes.
    """
    return pictures.movedim(-1, -4).to(torch.float32).div_(127.5).sub_(1)  # of a new tensor


def as_unit(pictures: Tensor) -> Tensor:
    """Pictures (..., T, H, W, 3), 0..255, as maps are read: (..., 3, T, H, W) float32, 0..1."""
    return pictures.movedim(-1, -4).to(torch.float32).div_(255)
