"""A batch of the loader becomes what the loss is of: latents, and the scene that they are to be made from.

B clips, C latent channels, T latent frames, F = 4 (T - 1) + 1 video frames, H, W latent height and width,
K references.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from model.data.batch import Batch, as_input, as_unit, tensors
from model.data.maps import maps_of
from model.data.position import Position
from model.data.rng import words
from model.nets.autoencoders.wan import TIME_STRIDE, VideoCodec
from model.nets.conditions import Conditions, FaceCrops
from model.sample.first_frames import FirstFrames
from model.sample.pixels import stills


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Clips of one size, encoded, and what they are to be made from."""

    latents: Tensor
    """B C T H W."""
    conditions: Conditions


@torch.no_grad()
def inputs_of(
    batch: Batch, codec: VideoCodec, *, faces: bool, first_frames: FirstFrames | None = None
) -> Inputs:
    """The batch, encoded where its tensors are; every clip is told its first latent frame.

    Conditions that the batch withholds are marked unseen.
    """
    latents = batch.latents.float() if batch.encoded else codec.encode(as_input(batch.video))
    if batch.encoded:
        references = batch.reference_latents.float()
    else:
        references = stills(batch.references.flatten(0, 1), codec).unflatten(0, batch.references.shape[:2])
    maps = torch.cat([as_unit(drawn) for drawn in maps_of(batch)], dim=1)
    crops = faces_of(batch)
    conditions = Conditions(
        maps=maps,
        motion_seen=~batch.drop_pose,
        references=references,
        references_seen=batch.reference_valid & ~batch.drop_references[:, None],
        first=latents[:, :, 0],
        first_given=torch.ones_like(batch.drop_pose),
        faces=crops._replace(seen=crops.seen & ~batch.drop_face[:, None]) if faces else None,
        text=batch.caption.float() if batch.caption.shape[1] else None,
        text_seen=batch.has_caption & ~batch.drop_caption,
    )
    if first_frames:
        shown = None if batch.encoded else as_input(batch.video[:, :1])[:, :, 0]
        conditions = first_frames.added(conditions, shown)
    return Inputs(latents=latents, conditions=conditions)


def faces_of(batch: Batch) -> FaceCrops:
    """The face crops of a batch, seen wherever there is one."""
    return FaceCrops(as_input(batch.face).transpose(1, 2), batch.face_points, batch.face_valid)


def begun_later(inputs: Inputs) -> Inputs:
    """The clips from their second latent frame on, which is handed over: it stands for four frames.

    So a segment goes on that was given the last latent frame of the one before, as it was.
    """
    given, faces = inputs.conditions, inputs.conditions.faces
    conditions = replace(
        given,
        maps=given.maps[:, :, TIME_STRIDE:],
        first=inputs.latents[:, :, 1],
        first_given=torch.ones_like(given.first_given),
        faces=faces and FaceCrops(*(values[:, TIME_STRIDE:] for values in faces)),
    )
    return Inputs(latents=inputs.latents[:, :, 1:], conditions=conditions)


def sometimes_handed_over(conditions: Conditions, generator: Generator, share: float) -> Conditions:
    """The scene with a `share` of the clips told their first latent frame, the others not (method.md 7.5)."""
    dice = torch.rand(len(conditions.first_given), generator=generator, device=generator.device)
    return replace(conditions, first_given=(dice < share).to(conditions.first_given.device))


def generator_of(seed: int, place: Position) -> Generator:
    """What draws times, noise and hand-overs of one batch of the order, whichever rank it falls to."""
    word = int(words(1, "training noise", seed, place.epoch, place.slot)[0])
    return Generator().manual_seed(word >> 1)  # a generator takes 63 bits


def blank(batch: Batch) -> Batch:
    """A black batch of one clip, of the same shape: for a rank whose samples could all not be read."""
    shapes = {name: (1, *tensor.shape[1:]) for name, tensor in tensors(batch).items()}
    for name in ("references", "reference_valid", "reference_latents"):
        shapes[name] = (1, 1, *getattr(batch, name).shape[2:])
    black = {name: tensor.new_zeros(shapes[name]) for name, tensor in tensors(batch).items()}
    return replace(batch, keys=("",), starts=(0,), **black)
