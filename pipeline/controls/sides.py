"""Which side is which, over time: a body from behind looks like one from the front with its sides exchanged.

A network that sees one picture at a time takes the one for the other. What it then tells is the body
turned over: left and right exchanged, near and far mirrored about the pelvis, which leaves the picture as it
is. So each frame has two readings, and of all ways through a clip the likeliest is taken (Viterbi, IEEE
Trans. Inf. Theory 13(2), 1967): a torso turns little from frame to frame, a measured face does not sit on the
back of a head, and the network is more often right than wrong. Where it contradicts itself too much and no
face decides, the body is not valid.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.controls.smoothing import Frames, Mask
from pipeline.geometry import Array, rotation_vector, torso_frame
from schemas.joints import BODY_JOINTS, J, mirrored
from schemas.tracks import BodyTrack, HeadTrack

FACE = 10.0
"""What a measured face on the back of a head weighs; the network's word of a body that looks straight at the
camera or away from it weighs 1."""
NO_FACE = 0.5
"""What weighs that a body looks at the camera and shows no face, in a clip that shows some."""
MIN_FACES = 12
"""Frames with a face from which a clip shows some."""
FASTEST, STEP = np.radians(40.0), np.radians(10.0)
"""A torso turns by at most the first from one frame to the next; a way costs what it turns more, in parts of
the second and squared."""
SWITCH = 0.1
"""What a change from one reading to the other costs by itself: where both look alike, nothing changes."""
MAX_DOUBT = 0.08
"""Where more than this share of a stretch's words and faces is against its likeliest reading, none wins."""
BREAK = 1.0
"""A turn that costs more is none: stretches before and after it are judged apart."""
BESIDE_BREAK = 5
"""Frames on either side of a break that are not valid: more than are bridged, so that none is averaged."""
NEAREST_SHARE = 0.25
"""No joint comes nearer to the camera than this share of the pelvis's distance."""

OTHER_SIDE = list(mirrored(BODY_JOINTS))


def labelled(body: BodyTrack, head: HeadTrack) -> tuple[BodyTrack, Mask]:
    """The body with its sides told over time, and the frames in which they were exchanged.

    Not valid in stretches in which neither reading wins.
    """
    seen, swap = np.flatnonzero(body.valid), np.zeros_like(body.valid)
    if len(seen) == 0:
        return body, swap
    readings = (body, turned_over(body))
    torsos = [torso_frame(one.joints3d[seen]) for one in readings]
    doubt = np.stack([against_faces(torso, head, seen) for torso in torsos], axis=1)
    doubt[:, 1] += np.abs(torsos[0][:, 2, 2])
    transition = turns(torsos, seen)
    least = least_costs(doubt, transition)
    path = (least[:, 1] < least[:, 0]).astype(np.int64)
    swap[seen] = path == 1
    valid = body.valid.copy()
    valid[seen] = sure(doubt, path, transition[np.arange(len(transition)), path[:-1], path[1:]] > BREAK)
    return replace(chosen(body, readings[1], swap), valid=valid), swap


def sure(doubt: Array, path: Frames, breaks: Mask) -> Mask:
    """In which frames (n,) the readings of a path win, stretch by stretch between breaks (n - 1,)."""
    stretch = np.concatenate([[0], np.cumsum(breaks)])
    against = np.bincount(stretch, doubt[np.arange(len(path)), path])
    wins = against <= MAX_DOUBT * np.bincount(stretch, doubt.sum(axis=1))
    frames, at = np.arange(len(path)), np.flatnonzero(breaks)
    away = np.abs(frames[:, None] - at - 0.5).min(axis=1, initial=np.inf)
    return np.asarray(wins[stretch] & (away > BESIDE_BREAK))


def turned_over(body: BodyTrack) -> BodyTrack:
    """The other reading of the same pictures: sides exchanged, depths mirrored about the pelvis's."""
    joints = body.joints3d[:, OTHER_SIDE].astype(np.float64)
    middle = body.joints3d[:, [J["pelvis"]], 2].astype(np.float64)
    depth = np.maximum(2 * middle - joints[..., 2], NEAREST_SHARE * middle)
    scale = depth / np.where(joints[..., 2] > 0, joints[..., 2], 1.0)
    return replace(
        body,
        joints2d=body.joints2d[:, OTHER_SIDE],
        joints3d=(joints * scale[..., None]).astype(np.float32),
        score=body.score[:, OTHER_SIDE],
    )


def chosen(one: BodyTrack, other: BodyTrack, swap: Mask) -> BodyTrack:
    """The frames `swap` of the other track, the rest of the one."""
    return replace(
        one,
        joints2d=np.where(swap[:, None, None], other.joints2d, one.joints2d),
        joints3d=np.where(swap[:, None, None], other.joints3d, one.joints3d),
        score=np.where(swap[:, None], other.score, one.score),
    )


def against_faces(torso: Array, head: HeadTrack, frames: Frames) -> Array:
    """How much (n,) the faces of a clip, measured and missing, speak against torsos (n, 3, 3).

    A measured face does from a quarter turn on, up to half a turn.
    """
    seen = head.valid[frames]
    face = np.where(seen[:, None], head.rotation[frames, :, 2], 0)
    agree = np.einsum("ti,ti->t", torso[..., 2], face)
    missing = ~seen * NO_FACE * (head.valid.sum() >= MIN_FACES)
    return np.asarray(FACE * np.clip(-agree, 0, 1) + missing * np.clip(2 * torso[:, 2, 2] - 1, 0, 1))


def turns(torsos: list[Array], frames: Frames) -> Array:
    """What it costs (n - 1, 2, 2) to come from one reading of a frame to one of the next."""
    cost = [[turn_cost(before[:-1], after[1:], frames) for after in torsos] for before in torsos]
    return np.moveaxis(np.array(cost), 2, 0) + SWITCH * (1 - np.eye(2))


def turn_cost(before: Array, after: Array, frames: Frames) -> Array:
    """What turns (n - 1,) between torsos cost, over the frames that lie between."""
    angle = np.linalg.norm(rotation_vector(np.swapaxes(before, 1, 2) @ after), axis=1) / np.diff(frames)
    return np.asarray((np.clip(angle - FASTEST, 0, None) / STEP) ** 2)


def least_costs(doubt: Array, transition: Array) -> Array:
    """Cost (n, 2) of the cheapest path through each state of each frame (min-sum, forward and backward)."""
    before, after = doubt.copy(), np.zeros_like(doubt)
    for t in range(1, len(doubt)):
        before[t] += (before[t - 1][:, None] + transition[t - 1]).min(axis=0)
        after[-t - 1] = (transition[-t] + doubt[-t] + after[-t]).min(axis=1)
    return np.asarray(before + after)
