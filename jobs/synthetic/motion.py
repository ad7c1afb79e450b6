"""Paths: what a body does over time, by name; each is a function of times, place and a seed's choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.faces import waves
from jobs.synthetic.skeleton import SkeletonPose
from pipeline.geometry import head_rotation, unit

Array = NDArray[np.float64]

ARM_ASIDE = 0.22
"""Of an arm that hangs, from the vertical, rad."""
RELAXED = np.array([0.1, 0.25, 0.28, 0.32, 0.36])
"""Bend of the joints of the fingers of a hand that does nothing, thumb first, rad."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """Where a path begins: place of the hips (camera frame, m) and facing (rad); and how long it lasts."""

    place: Array  # 3
    yaw: float  # 0 facing the camera, positive towards image right
    duration_s: float  # from the first frame to the last


def swung(forward: Array | float, aside: Array | float) -> Array:
    """Unit vectors (..., 3) that hang down, swung forward, then to the figure's left, rad."""
    forward, aside = np.broadcast_arrays(np.asarray(forward, float), np.asarray(aside, float))
    return np.stack(
        [np.sin(aside), np.cos(aside) * np.cos(forward), -np.cos(aside) * np.sin(forward)], axis=-1
    )


def stand(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Stand, sway a little and look about."""
    t = len(times)
    arms = np.stack([np.stack([swung(0.02, s * ARM_ASIDE), swung(0.22, s * 0.08)]) for s in (1, -1)])
    legs = np.stack([np.stack([swung(0.0, s * 0.06), swung(-0.04, s * 0.02)]) for s in (1, -1)])
    sway = np.stack([waves(random, times, 0.3) for _ in range(3)], axis=1)
    head_turn = np.stack([waves(random, times, 0.4) for _ in range(3)], axis=1)
    return SkeletonPose(
        place=course.place + sway * (0.012, 0.0, 0.01),
        hips=head_rotation(np.full(t, course.yaw), 0.0, 0.0),
        spine=0.03 * sway,
        head=head_turn * (0.10, 0.22, 0.06),
        arms=np.broadcast_to(arms, (t, 2, 2, 3)).copy(),
        legs=np.broadcast_to(legs, (t, 2, 2, 3)).copy(),
        feet=np.zeros((t, 2)),
        palms=np.zeros((t, 2)),
        wrists=np.full((t, 2), 0.1),
        curls=np.broadcast_to(RELAXED, (t, 2, 5)).copy(),
        gaze=np.stack([0.15 * waves(random, times, 0.5), 0.08 * waves(random, times, 0.5)], axis=1),
    )


def turn(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Turn about once, evenly, from the first frame to the last; the head stays in line with the body."""
    still = stand(random, times, course)
    yaw = course.yaw + 2 * np.pi * times / course.duration_s
    return replace(
        still,
        hips=head_rotation(yaw, 0.0, 0.0),
        spine=0 * still.spine,
        head=0 * still.head,
        gaze=0 * still.gaze,
    )


def walk(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Walk the way the body faces, arms against legs."""
    still, phase = stand(random, times, course), 2 * np.pi * times / random.uniform(1.0, 1.3)
    swing, ahead = np.sin(phase), np.array([np.sin(course.yaw), 0.0, -np.cos(course.yaw)])
    arms, legs = still.arms.copy(), still.legs.copy()
    for side, sign in enumerate((1, -1)):
        arms[:, side, 0] = swung(0.5 * sign * swing, sign * 0.2)
        arms[:, side, 1] = swung(0.5 * sign * swing + 0.45 + 0.15 * swing * sign, sign * 0.05)
        thigh = -0.42 * sign * swing + 0.08
        legs[:, side, 0] = swung(thigh, sign * 0.03)
        legs[:, side, 1] = swung(thigh - 0.25 - 0.4 * np.maximum(sign * np.cos(phase), 0), sign * 0.02)
    drop = 0.025 * (1 - np.cos(2 * phase)) / 2
    place = still.place + 0.55 * times[:, None] * ahead + drop[:, None] * (0, 1.0, 0)
    return replace(
        still, arms=arms, legs=legs, place=place, spine=still.spine + 0.08 * swing[:, None] * (0, 1.0, 0)
    )


def wave(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Wave an open hand in front of the torso, palm to the front; the other arm hangs."""
    still, side = stand(random, times, course), int(random.integers(2))
    sign, swing = (1, -1)[side], np.sin(2 * np.pi * times * random.uniform(0.8, 1.5))
    arms, palms, wrists, curls = (
        part.copy() for part in (still.arms, still.palms, still.wrists, still.curls)
    )
    arms[:, side, 0] = swung(0.55, sign * 0.3)
    arms[:, side, 1] = unit(
        np.stack([sign * (0.1 - 0.5 * swing - 0.2), -0.75 + 0 * swing, -0.6 + 0 * swing], axis=1)
    )
    palms[:, side], wrists[:, side] = 0.4, 0.0
    curls[:, side] = 0.06
    return replace(still, arms=arms, palms=palms, wrists=wrists, curls=curls)


def talk(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Gesture with both hands before the body, nod, and turn a little this way and that."""
    still = stand(random, times, course)
    arms, palms, curls = still.arms.copy(), still.palms.copy(), still.curls.copy()
    for side, sign in enumerate((1, -1)):
        up, out, near = (waves(random, times, 0.9) for _ in range(3))
        arms[:, side, 0] = swung(0.25 + 0.15 * up, sign * (0.3 + 0.08 * out))
        arms[:, side, 1] = unit(
            np.stack([sign * (-0.25 + 0.35 * out), -0.35 - 0.5 * up, -0.8 - 0.2 * near], axis=1)
        )
        palms[:, side] = 0.5 + 0.4 * near
        curls[:, side] *= (0.8 + 0.7 * waves(random, times, 0.7))[:, None]
    yaw = course.yaw + 0.18 * waves(random, times, 0.25)
    nod = waves(random, times, 1.2)[:, None] * (0.06, 0.0, 0.0)
    return replace(
        still, arms=arms, palms=palms, curls=curls, hips=head_rotation(yaw, 0.0, 0.0), head=still.head + nod
    )


def present(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Speak with both hands, turn about once on the spot, and speak on."""
    talked = talk(random, times, course)
    share = np.clip((times / course.duration_s - 0.35) / 0.35, 0, 1)
    turned = head_rotation(2 * np.pi * share * share * (3 - 2 * share), 0.0, 0.0)
    return replace(talked, hips=turned @ talked.hips)


def sit(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Sit down from standing, hands towards the knees."""
    still = stand(random, times, course)
    down = np.clip((times / course.duration_s - 0.15) / 0.45, 0, 1)
    down = down * down * (3 - 2 * down)
    arms, legs = still.arms.copy(), still.legs.copy()
    for side, sign in enumerate((1, -1)):
        arms[:, side, 0] = swung(0.3 * down, sign * ARM_ASIDE)
        arms[:, side, 1] = swung(0.22 + 1.0 * down, sign * (0.08 - 0.2 * down))
        legs[:, side, 0] = swung(1.5 * down, sign * (0.06 + 0.1 * down))
        legs[:, side, 1] = swung(-0.04 - 0.1 * down, sign * 0.04)
    lean = np.sin(np.pi * down)[:, None] * (0.35, 0.0, 0.0)
    place = still.place + down[:, None] * (0.0, 0.38, 0.0)
    return replace(still, arms=arms, legs=legs, place=place, spine=still.spine + lean)


def dance(random: np.random.Generator, times: Array, course: Course) -> SkeletonPose:
    """Arms, hips and knees in time with a beat, the body turning to and fro."""
    still, beat = stand(random, times, course), 2 * np.pi * times * random.uniform(0.8, 1.1)
    arms, legs, curls = still.arms.copy(), still.legs.copy(), still.curls.copy()
    for side, sign in enumerate((1, -1)):
        up = 1.2 + 0.9 * np.sin(beat / 2 + side * random.uniform(1.5, 3.0))
        arms[:, side, 0] = swung(0.3 + 0.3 * np.sin(beat), sign * up)
        arms[:, side, 1] = swung(0.9 + 0.8 * np.cos(beat), sign * (up + 0.6 * np.sin(beat + side)))
        bend = 0.25 + 0.2 * np.sin(2 * beat)
        legs[:, side, 0] = swung(bend, sign * (0.14 + 0.08 * np.sin(beat)))
        legs[:, side, 1] = swung(-bend, sign * 0.05)
        curls[:, side] *= 0.6
    yaw = course.yaw + 0.7 * np.sin(beat / 3)
    place = still.place + np.stack([0.06 * np.sin(beat), 0.02 + 0.015 * np.sin(2 * beat), 0 * beat], axis=1)
    spine = still.spine + np.stack([0 * beat, 0.15 * np.sin(beat), 0.12 * np.sin(beat)], axis=1)
    return replace(
        still, arms=arms, legs=legs, curls=curls, place=place, spine=spine, hips=head_rotation(yaw, 0.0, 0.0)
    )


PATHS: dict[str, Callable[[np.random.Generator, Array, Course], SkeletonPose]] = {
    "stand": stand,
    "walk": walk,
    "turn": turn,
    "wave": wave,
    "talk": talk,
    "present": present,
    "sit": sit,
    "dance": dance,
}
