"""What the network is not told of a clip, so that guidance can ask it with and without (method.md 7.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Generator

from model.nets.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Dropout:
    """Shares of clips without a condition; the rest is told everything that is there."""

    references: float = 0.1
    motion: float = 0.1
    """Skeleton, sphere and face together."""
    faces: float = 0.1
    everything: float = 0.05
    """Neither references nor motion."""
    hand_over: float = 0.5
    """Share of clips that are told their first latent frame (method.md 7.5); it is not part of the others."""

    def __post_init__(self) -> None:
        if self.references + self.motion + self.faces + self.everything > 1:
            raise ValueError("the shares of clips that lack a condition add up to more than 1")


def drop(scene: Scene, generator: Generator, rates: Dropout) -> Scene:
    """The scene with some conditions of some clips unseen, drawn from `generator`."""
    num, device = len(scene.motion_seen), scene.motion_seen.device
    dice, hand_over = torch.rand(2, num, generator=generator, device=generator.device).to(device)
    only_references = rates.references  # along the dice: references, everything, motion, faces, nothing
    no_references = only_references + rates.everything
    no_motion = no_references + rates.motion
    no_faces = no_motion + rates.faces
    faces_seen = (dice < no_motion) | (dice >= no_faces)
    return replace(
        scene,
        references_seen=scene.references_seen & (dice >= no_references)[:, None],
        motion_seen=scene.motion_seen & ((dice < only_references) | (dice >= no_motion)),
        faces=scene.faces and scene.faces._replace(seen=scene.faces.seen & faces_seen[:, None]),
        first_given=scene.first_given & (hand_over < rates.hand_over),
    )
