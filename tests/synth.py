"""Synthetic clips with exact answers: a figure on a known path before a known camera.

A scene is a few numbers; its truth (here) and its pictures (`tests.paint`) follow from them alone. Nothing
here uses the geometry of the pipeline, which is tested against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.fakes import Truth
from schemas.controls import Controls, Framing
from schemas.joints import BODY_JOINTS, J, mirrored
from schemas.tracks import (
    BodyTrack,
    FaceTrack,
    HandTrack,
    HeadTrack,
    KeypointTrack,
    no_hand_model,
    no_model,
)
from tests import figure

Array = NDArray[np.float64]

SHOWN_M: dict[Framing, tuple[float, float]] = {
    "portrait": (-1.00, -0.24),
    "half": (-1.00, 0.22),
    "full": (-1.10, 1.10),
}
"""Of each framing, what fills the picture's height at the figure's distance: metres below the pelvis."""

FACE_SEEN = math.cos(math.radians(75))
MIRROR = np.array([-1.0, 1.0, 1.0])
BESIDE_M = np.array([0.75, 0.0, 0.6])
"""Where the second figure stands."""


@dataclass(frozen=True)
class Scene:
    """One figure for some frames; all that is seen follows from these numbers."""

    number: int = 1  # 0..255, in the strip
    width: int = 320
    height: int = 480
    num_frames: int = 48
    fps: float = 24.0
    framing: Framing = "full"
    turn_deg: tuple[float, float] = (-30.0, 30.0)  # body yaw of the first and of the last frame
    appearance: int = 0  # clothes, hair and skin
    absent: range = range(0)  # frames in which nobody is there
    company: range = range(0)  # frames in which a second figure stands beside
    mirrored: bool = False
    mood: int | None = None  # seeds what eyes and mouth do; open and closed throughout without

    @property
    def focal_px(self) -> float:
        """Of the camera, whose principal point is the picture's centre: what we assume of any camera."""
        return math.hypot(self.width, self.height)


@dataclass(frozen=True)
class Acted:
    """Where the figure is in the camera frame, metres and radians, one row a frame."""

    joints: Array  # t 16 3
    hands: Array  # t 2 21 3, left first
    yaw: Array  # t, unwrapped
    head_rotation: Array  # t 3 3
    head_center: Array  # t 3
    marks: Array  # t m 3, on the face
    face: Array  # t 2, how far eyes and mouth are open


def acted(scene: Scene) -> Acted:
    """Where the figure of a scene is in every frame."""
    seconds = np.arange(scene.num_frames) / scene.fps
    phase = 2 * math.pi * seconds / 1.2
    yaw = np.radians(np.linspace(*scene.turn_deg, scene.num_frames))
    body = figure.turned(yaw)
    head = figure.turned(
        yaw + 0.3 * np.sin(1.7 * seconds), 0.15 * np.sin(2.3 * seconds), 0.1 * np.sin(3 * seconds)
    )
    top, bottom = SHOWN_M[scene.framing]
    away = scene.focal_px * (bottom - top) / scene.height
    place = np.stack(
        [0.04 * np.sin(phase / 2), 0 * phase - (top + bottom) / 2, away + 0.05 * np.sin(phase)], axis=-1
    )

    joints = figure.body_joints(figure.walking(phase))
    limbs = [(J[f"{side}_elbow"], J[f"{side}_wrist"]) for side in ("left", "right")]
    hands = np.stack(
        [figure.hand_points(joints[:, elbow], joints[:, wrist]) for elbow, wrist in limbs], axis=1
    )
    center = np.einsum("tij,j->ti", body, figure.HEAD) + place
    marks = np.array(list(figure.FACE_MARKS.values())) * figure.HEAD_RADIUS_M
    result = Acted(
        joints=np.einsum("tij,tkj->tki", body, joints) + place[:, None],
        hands=np.einsum("tij,thkj->thki", body, hands) + place[:, None, None],
        yaw=yaw,
        head_rotation=head,
        head_center=center,
        marks=np.einsum("tij,kj->tki", head, marks) + center[:, None],
        face=expression(scene),
    )
    return mirror(result) if scene.mirrored else result


def expression(scene: Scene) -> Array:
    """How far eyes and mouth are open (t, 2), 0..1: nothing else of a scene tells of it."""
    if scene.mood is None:
        return np.tile((1.0, 0.0), (scene.num_frames, 1))
    dice = np.random.default_rng(scene.mood)
    hertz, turns = dice.uniform(0.4, 1.4, (2, 2)), dice.random((2, 2))
    seconds = np.arange(scene.num_frames)[:, None, None] / scene.fps
    waves = np.sin(2 * math.pi * (hertz * seconds + turns)).sum(axis=1)
    return np.asarray(np.clip(0.5 + waves, 0, 1))


def mirror(act: Acted) -> Acted:
    """The same act seen in a mirror: left becomes right."""
    return Acted(
        joints=act.joints[:, list(mirrored(BODY_JOINTS))] * MIRROR,
        hands=act.hands[:, ::-1] * MIRROR,
        yaw=-act.yaw,
        head_rotation=MIRROR[:, None] * act.head_rotation * MIRROR,
        head_center=act.head_center * MIRROR,
        marks=act.marks[:, list(mirrored(tuple(figure.FACE_MARKS)))] * MIRROR,
        face=act.face,
    )


# Truth


def truth(scene: Scene) -> Truth:
    """What perfect estimators say of a scene's frames."""
    act = acted(scene)
    there = ~np.isin(np.arange(scene.num_frames), scene.absent)
    joints, marks, center = (pixels(scene, points) for points in (act.joints, act.marks, act.head_center))
    radius = scene.focal_px * figure.HEAD_RADIUS_M / act.head_center[:, 2]
    before = act.head_center - 0.15 * figure.HEAD_RADIUS_M * act.head_rotation[..., 2]
    ears = pixels(scene, before)  # the middle between them lies a little before the head's
    box = person_box(scene, act)
    beside = person_box(scene, shifted(act)) * np.isin(np.arange(scene.num_frames), scene.company)[:, None]
    depth = (act.marks[..., 2] - act.head_center[:, None, 2]) * scene.focal_px / act.head_center[:, None, 2]
    seen = there & (act.head_rotation[:, 2, 2] > FACE_SEEN) & inside(scene, center)
    score = inside(scene, joints) * there[:, None]
    in_hands = inside(scene, pixels(scene, act.hands)).mean(axis=2) > 0.5
    return Truth(
        person=KeypointTrack(
            names=BODY_JOINTS,
            points=f32(joints),
            world=f32(act.joints - act.joints[:, :1]),
            score=f32(score),
            box=f32(box),
            head_box=f32(
                np.concatenate([ears - 1.4 * radius[:, None], ears + 1.4 * radius[:, None]], axis=1)
            ),
            valid=there,
            others=f32(area(beside) / area(box)),
        ),
        body=BodyTrack(
            joints2d=f32(joints),
            joints3d=f32(act.joints),
            score=f32(score),
            valid=there,
            focal_px=scene.focal_px,
            **no_model(len(there)),
        ),
        hands=HandTrack(
            points2d=f32(pixels(scene, act.hands)),
            points3d=f32(act.hands - act.hands[:, :, :1]),
            score=f32(in_hands * there[:, None]),
            rotations=no_hand_model(len(there)),
        ),
        face=FaceTrack(
            box=f32(np.concatenate([marks.min(axis=1), marks.max(axis=1)], axis=1)),
            mesh=f32(np.concatenate([marks, depth[..., None]], axis=2)),
            score=f32(seen),
            eyes_open=f32(0.3 * act.face[:, 0] * seen),
            valid=seen,
        ),
        head=HeadTrack(rotation=f32(act.head_rotation), center=f32(center), radius=f32(radius), valid=seen),
    )


def true_controls(scene: Scene) -> Controls:
    """The controls of a scene whose canvas is the picture itself, with nothing smoothed."""
    result, act = truth(scene), acted(scene)
    middle = (result.face.box[:, :2] + result.face.box[:, 2:]) / 2
    half = (result.face.box[:, 2:] - result.face.box[:, :2]).max(axis=1, keepdims=True) * 0.65
    return Controls(
        joints2d=result.body.joints2d,
        joints3d=result.body.joints3d,
        joints_score=result.body.score,
        left_hand2d=result.hands.points2d[:, 0],
        right_hand2d=result.hands.points2d[:, 1],
        left_hand3d=result.hands.points3d[:, 0],
        right_hand3d=result.hands.points3d[:, 1],
        left_hand_score=result.hands.score[:, 0],
        right_hand_score=result.hands.score[:, 1],
        head_rotation=result.head.rotation,
        head_center=result.head.center,
        head_radius=result.head.radius,
        head_valid=result.head.valid,
        face_valid=result.face.valid,
        body_valid=result.body.valid,
        face_box=np.concatenate([middle - half, middle + half], axis=1),
        body_yaw=f32(act.yaw),
        camera_focal=np.array(scene.focal_px, np.float32),
    )


def pixels(scene: Scene, points: Array) -> Array:
    """Camera points (..., 3) in px (..., 2)."""
    middle = np.array([(scene.width - 1) / 2, (scene.height - 1) / 2])
    return np.asarray(scene.focal_px * points[..., :2] / points[..., 2:] + middle)


def inside(scene: Scene, points: Array) -> NDArray[np.bool_]:
    """Which points (..., 2) lie in the picture."""
    within = (points > -0.5) & (points < np.array([scene.width, scene.height]) - 0.5)
    return np.asarray(within.all(axis=-1))


def person_box(scene: Scene, act: Acted) -> Array:
    """Boxes (t, 4) around all of the figure that is in the picture, head included."""
    radius = figure.HEAD_RADIUS_M * np.array([1.0, 1.0, 0.0])
    points = [act.joints, act.hands.reshape(scene.num_frames, -1, 3)]
    points += [(act.head_center + sign * radius)[:, None] for sign in (-1, 1)]
    spots = pixels(scene, np.concatenate(points, axis=1))
    box = np.concatenate([spots.min(axis=1), spots.max(axis=1)], axis=1)
    return np.asarray(np.clip(box, -0.5, np.tile([scene.width, scene.height], 2) - 0.5))


def area(box: Array) -> Array:
    """px^2."""
    return np.asarray((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))


def shifted(act: Acted) -> Acted:
    """The second figure: the same act, a step aside."""
    return replace(
        act,
        joints=act.joints + BESIDE_M,
        hands=act.hands + BESIDE_M,
        head_center=act.head_center + BESIDE_M,
        marks=act.marks + BESIDE_M,
    )


def f32(values: Array | NDArray[np.bool_]) -> NDArray[np.float32]:
    """As records hold numbers."""
    return np.ascontiguousarray(values, np.float32)
