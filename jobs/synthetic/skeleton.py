"""Poses: where bones point at every moment, and the body and its joints that follow.

A pose turns bones of the rest pose about axes of the figure's frame (x to its left, y down, z out of the
back); limbs are told by the directions in which they point, hips and shoulders carrying them along.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.body_model import BodyModel
from jobs.synthetic.identity import Shape
from pipeline.geometry import rotation_about, unit

Array = NDArray[np.float64]

SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
NECK = ("neck01", "neck02", "neck03", "head")
SIDES = ("L", "R")
ARM, LEG = ("upperarm01", "lowerarm01", "wrist"), ("upperleg01", "lowerleg01", "foot")
"""Bones with which the upper part, the lower part and the end of a limb begin."""


@dataclass(frozen=True, kw_only=True)
class SkeletonPose:
    """A motion of t frames, sides left first; directions in the frame of hips (legs) or chest (arms)."""

    place: Array  # t 3, m, of the point between the hips, camera frame
    hips: Array  # t 3 3, figure's frame to the camera frame
    spine: Array  # t 3, rotation of the chest against the hips, axis times rad
    head: Array  # t 3, of the head against the chest
    arms: Array  # t 2 2 3, unit: upper arm, forearm
    legs: Array  # t 2 2 3, unit: thigh, shank
    feet: Array  # t 2, toes up, rad, against the rest pose
    palms: Array  # t 2, turn of hand about the forearm, rad, thumb outward
    wrists: Array  # t 2, hand bent towards its palm, rad
    curls: Array  # t 2 5, bend of each finger's joints, rad, thumb first
    gaze: Array  # t 2, of the eyes against the head, rad: towards the person's left, up


@dataclass(frozen=True)
class Posed:
    """The bones in the camera frame: rotations from the rest pose and places of their beginnings."""

    rotation: Array  # t b 3 3
    heads: Array  # t b 3, m
    tails: Array  # t b 3, m


def posed(model: BodyModel, shape: Shape, pose: SkeletonPose) -> Posed:
    """Where the bones are."""
    fixed, limbs = own_turns(model, shape, pose), limb_ways(pose)
    size = (len(pose.place), len(model.bones), 3)
    rotation, heads = np.zeros((*size, 3)), np.zeros(size)
    hips = (shape.heads[model.index["upperleg01.L"]] + shape.heads[model.index["upperleg01.R"]]) / 2
    for bone, parent in enumerate(model.parents):
        name = str(model.bones[bone])
        if parent < 0:
            rotation[:, bone] = pose.hips
            heads[:, bone] = pose.place + pose.hips @ (shape.heads[bone] - hips)
            continue
        turn = fixed.get(name)
        if name in limbs:
            end, base, wanted = limbs[name]
            direction = np.einsum("tij,tj->ti", rotation[:, model.index[base]], wanted)
            own = np.einsum("tji,tj->ti", rotation[:, parent], direction)
            turn = aimed(shape.heads[model.index[end]] - shape.heads[bone], own)
        rotation[:, bone] = rotation[:, parent] if turn is None else rotation[:, parent] @ turn
        heads[:, bone] = heads[:, parent] + rotation[:, parent] @ (shape.heads[bone] - shape.heads[parent])
    tails = heads + np.einsum("tbij,bj->tbi", rotation, shape.tails - shape.heads)
    return Posed(rotation, heads, tails)


def limb_ways(pose: SkeletonPose) -> dict[str, tuple[str, str, Array]]:
    """By bone: the bone towards whose beginning it points, the bone in whose frame, and where to (t, 3)."""
    return {
        f"{bones[part]}.{side}": (f"{bones[part + 1]}.{side}", base, ways[:, number, part])
        for bones, base, ways in ((ARM, "spine01", pose.arms), (LEG, "root", pose.legs))
        for number, side in enumerate(SIDES)
        for part in (0, 1)
    }


def own_turns(model: BodyModel, shape: Shape, pose: SkeletonPose) -> dict[str, Array]:
    """By bone: its own rotation (t, 3, 3) against its parent's."""
    turns = {name: rotation_about(pose.spine / len(SPINE)) for name in SPINE}
    turns |= {name: rotation_about(pose.head / len(NECK)) for name in NECK}
    aside, up = (rotation_about(-pose.gaze[:, [k]] * axis) for k, axis in enumerate(np.eye(3)[[1, 0]]))
    for number, side in enumerate(SIDES):
        turns[f"eye.{side}"] = aside @ up
        turns[f"foot.{side}"] = rotation_about(-pose.feet[:, [number]] * np.eye(3)[0])
        turns |= hand_turns(model, shape, pose, number)
    return turns


def hand_turns(model: BodyModel, shape: Shape, pose: SkeletonPose, number: int) -> dict[str, Array]:
    """By bone of one side (0 left, 1 right): the turns of forearm, wrist and fingers."""
    side, mirror = SIDES[number], (1.0, -1.0)[number]
    start = {name: shape.heads[bone] for name, bone in model.index.items()}
    wrist = start[f"wrist.{side}"]
    across = unit(start[f"finger2-1.{side}"] - start[f"finger5-1.{side}"])  # towards the thumb
    twist = rotation_about(mirror * pose.palms[:, [number]] / 2 * unit(wrist - start[f"lowerarm02.{side}"]))
    bend = rotation_about(-mirror * pose.wrists[:, [number]] * across)
    palm = mirror * unit(np.cross(unit(start[f"finger3-1.{side}"] - wrist), across))
    turns = {f"lowerarm02.{side}": twist, f"wrist.{side}": twist @ bend}
    for finger in range(1, 6):
        inward = palm if finger > 1 else palm - 0.8 * across  # the thumb closes across the palm
        for part in (1, 2, 3):
            bone = model.index[f"finger{finger}-{part}.{side}"]
            axis = unit(np.cross(unit(shape.tails[bone] - shape.heads[bone]), inward))
            turns[f"finger{finger}-{part}.{side}"] = rotation_about(
                pose.curls[:, number, finger - 1, None] * axis
            )
    return turns


def aimed(rest: Array, wanted: Array) -> Array:
    """The shortest rotations (t, 3, 3) from a direction (3,) to directions (t, 3)."""
    start, stop = np.broadcast_to(unit(rest), wanted.shape), unit(wanted)
    axis = np.cross(start, stop)
    sine, cosine = np.linalg.norm(axis, axis=1), (start * stop).sum(axis=1)
    return rotation_about(axis * (np.arctan2(sine, cosine) / np.where(sine > 0, sine, 1))[:, None])
