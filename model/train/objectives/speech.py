"""Speech learns to move faces as they moved: the loss of the speech phase (method.md 2.3).

The target is what the motion encoder, which rests, makes of the clip's own face crops. Errors are counted in
spreads of eyes, emotion and mouth, so the loss is about 1 where the mean is said, however small motion
vectors are.

B clips, F video frames, W samples that a frame hears, V numbers of a motion vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from media.members import AROUND
from model.data.batch import Batch
from model.encode.inputs import faces_of
from model.nets.conditions import FaceCrops
from model.nets.dit import DiT
from model.nets.face import EVERY
from model.nets.speech import heard
from model.train.objectives.video import Score

WEIGHTS = (0.1, 0.1, 1.0)
"""Of eyes, emotion and mouth: sound says little of the first two."""


@dataclass(frozen=True, kw_only=True)
class SpeechInputs:
    """Faces, and what is heard with them."""

    faces: FaceCrops
    """Seen: where a face is seen and something is heard, and only there it counts."""
    sounds: Tensor
    """B F W, -1..1."""


def speech_inputs(batch: Batch) -> SpeechInputs:
    """The faces and sounds of a batch, where its tensors are."""
    faces = faces_of(batch)
    counts = faces.seen & batch.has_speech[:, None]
    metrics = AROUND + torch.arange(counts.shape[1], device=counts.device)
    return SpeechInputs(faces=faces._replace(seen=counts), sounds=heard(batch.speech, metrics))


def score_speech(net: DiT, given: SpeechInputs) -> Score:
    """Distance (L1) of vectors and of their changes from frame to frame.

    The metrics say it of the mean in place of a prediction ("target_power"), of the mouth alone, and of the
    changes.
    """
    seen_BF, weight = given.faces.seen, net.patch_embedding.weight
    with torch.no_grad():
        shown_BFV = net.face(given.faces.to(weight.device, weight.dtype)).float()
    spread_V, mean_V = net.speech.spread_V.float(), net.speech.mean_V.float()
    wrong_BFV = (net.speech(given.sounds) - shown_BFV) / spread_V
    mean_wrong_BFV = (mean_V - shown_BFV) / spread_V
    parts = net.sizes.motion.parts
    place, pace = distances(wrong_BFV, seen_BF, parts)
    metrics = {
        "loss": place + pace,
        "target_power": sum(distances(mean_wrong_BFV, seen_BF, parts)),
        "mouth": mean(wrong_BFV[..., -parts[-1] :].abs().mean(dim=-1), seen_BF),
        "pace": pace,
    }
    return Score(
        loss=place + pace,
        metrics={name: torch.as_tensor(number).detach() for name, number in metrics.items()},
        counts=seen_BF.any().float(),
    )


def shown_by(net: DiT, given: SpeechInputs) -> Tensor:
    """Some of the motion vectors (N, V) that faces of a batch show, where they count."""
    pixels, points, seen = (part.flatten(0, 1)[::EVERY] for part in given.faces)
    some = FaceCrops(pixels[seen][None], points[seen][None], seen[seen][None])
    return net.face(some)[0] if seen.any() else torch.zeros(0, net.sizes.motion.vector)


def spread_of(vectors_NV: Tensor, parts: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Mean and spread (V,) of motion vectors; a part has one spread, 0 where it does not move."""
    mean_V = vectors_NV.double().mean(dim=0)
    off = (vectors_NV.double() - mean_V).split(list(parts), dim=1)
    spread_V = torch.cat([part.square().mean().sqrt().expand(part.shape[1]) for part in off])
    return mean_V.float(), torch.where(spread_V > MIN_SPREAD, spread_V, 0.0).float()


MIN_SPREAD = 1e-6
"""What differs by less differs by rounding."""


def distances(wrong_BFV: Tensor, seen_BF: Tensor, parts: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Weighted means of errors, and of their changes from frame to frame, where they are seen."""
    shares = [torch.full((part,), weight / part) for part, weight in zip(parts, WEIGHTS, strict=True)]
    weights_V = torch.cat(shares).to(wrong_BFV.device)
    changes_BFV, both_BF = wrong_BFV.diff(dim=1), seen_BF[:, 1:] & seen_BF[:, :-1]
    return mean(wrong_BFV.abs() @ weights_V, seen_BF), mean(changes_BFV.abs() @ weights_V, both_BF)


def mean(values_BF: Tensor, seen_BF: Tensor) -> Tensor:
    """Mean over what is seen; 0 where nothing is."""
    return (values_BF * seen_BF).sum() / seen_BF.sum().clamp(min=1)
