"""Speech learns to move faces as they moved: the loss of the speech phase (method.md 2.3).

The target is what the motion encoder, which rests, makes of the clip's own face crops. Errors are counted in
spreads of eyes, emotion and mouth, so the loss is about 1 where the mean is said, however small motion
vectors are.

Lips that are right on the whole and late are wrong, and a distance hardly tells. So a fifth of a second of
the mouth as said is compared with the mouth as seen at its own time and up to half a second around, and is to
be nearest at its own: what SyncNet (Chung and Zisserman, 2016) asks of sound and pictures, asked of motion.

B clips, F video frames, W samples that a frame hears, V numbers of a motion vector, M of the mouth's, N
windows of a clip, O offsets.
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


SYNC = 0.1
"""Weight of being in time."""
WINDOW = 5
"""Frames of the mouth that are compared, as SyncNet hears and sees so many."""
OFFSETS = 12
"""Frames earlier and later that they are compared with."""
TEMPERATURE = 0.2
"""Difference of two squared distances, in spreads, that makes one e times as likely."""
NEAR = 1
"""Frames by which nobody sees that lips are late."""


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
    """Distance (L1) of vectors and of their changes from frame to frame, and how far a mouth is out of time.

    The metrics say distance in all ("loss"), that of the mean in place of a prediction ("target_power"), of
    the mouth alone and of the changes; "sync" is 1 where nothing tells the time of a mouth, and "in_sync" the
    share of windows that are nearest to what is seen within a frame of their own time.
    """
    seen_BF, weight = given.faces.seen, net.patch_embedding.weight
    with torch.no_grad():
        shown_BFV = net.face(given.faces.to(weight.device, weight.dtype)).float()
    spread_V, mean_V = net.speech.spread_V.float(), net.speech.mean_V.float()
    wrong_BFV = (net.speech(given.sounds) - shown_BFV) / spread_V
    mean_wrong_BFV = (mean_V - shown_BFV) / spread_V
    parts = net.sizes.motion.parts
    place, pace = distances(wrong_BFV, seen_BF, parts)
    mouth = parts[-1]
    shown_mouth_BFM = ((shown_BFV - mean_V) / spread_V)[..., -mouth:]
    sync, in_sync = in_time(shown_mouth_BFM + wrong_BFV[..., -mouth:], shown_mouth_BFM, seen_BF)
    metrics = {
        "loss": place + pace,
        "target_power": sum(distances(mean_wrong_BFV, seen_BF, parts)),
        "mouth": mean(wrong_BFV[..., -parts[-1] :].abs().mean(dim=-1), seen_BF),
        "pace": pace,
        "sync": sync,
        "in_sync": in_sync,
    }
    return Score(
        loss=place + pace + SYNC * sync,
        metrics={name: torch.as_tensor(number).detach() for name, number in metrics.items()},
        counts=seen_BF.any().float(),
    )


def shown_by(net: DiT, given: SpeechInputs) -> Tensor:
    """Some of the motion vectors (N, V) that faces of a batch show, where they count."""
    pixels, points, seen = (part.flatten(0, 1)[::EVERY] for part in given.faces)
    crops = FaceCrops(pixels[seen][None], points[seen][None], seen[seen][None])
    return net.face(crops)[0] if seen.any() else torch.zeros(0, net.sizes.motion.vector)


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


def in_time(spoken_BFM: Tensor, shown_BFM: Tensor, seen_BF: Tensor) -> tuple[Tensor, Tensor]:
    """How unsure mouths as said leave their time (1 at random), and the share of them that are in time.

    Windows count where all of their frames are seen, and so at another time at least; both are 0 where none
    does.
    """
    if seen_BF.shape[1] < WINDOW:
        return spoken_BFM.sum() * 0, spoken_BFM.new_zeros(())
    seen_BFO = torch.stack([moved(seen_BF, by) for by in OFFSET], dim=2) & seen_BF[..., None]
    apart_BFO = torch.stack(
        [(spoken_BFM - moved(shown_BFM, by)).square().mean(dim=2) for by in OFFSET], dim=2
    )
    known_BNO = seen_BFO.unfold(1, WINDOW, 1).all(dim=3)
    near_BNO = -apart_BFO.unfold(1, WINDOW, 1).mean(dim=3) / TEMPERATURE
    near_BNO = near_BNO.masked_fill(~known_BNO, -torch.inf)
    counts_BN = known_BNO[..., OFFSETS] & (known_BNO.sum(dim=2) > 1)
    near_NO, known_NO = near_BNO[counts_BN], known_BNO[counts_BN]
    if not len(near_NO):
        return spoken_BFM.sum() * 0, spoken_BFM.new_zeros(())
    unsure_N = -near_NO.log_softmax(dim=1)[:, OFFSETS] / known_NO.sum(dim=1).log()
    right_N = (near_NO.argmax(dim=1) - OFFSETS).abs() <= NEAR
    return unsure_N.mean(), right_N.float().mean()


def moved(values_BF: Tensor, by: int) -> Tensor:
    """Each frame's value, or vector, of so many frames later; zero, or False, where there are none."""
    later, frames = torch.zeros_like(values_BF), values_BF.shape[1]
    first, stop = max(0, -by), min(frames, frames - by)
    if first < stop:
        later[:, first:stop] = values_BF[:, first + by : stop + by]
    return later


OFFSET = range(-OFFSETS, OFFSETS + 1)


def mean(values_BF: Tensor, seen_BF: Tensor) -> Tensor:
    """Mean over what is seen; 0 where nothing is."""
    return (values_BF * seen_BF).sum() / seen_BF.sum().clamp(min=1)
