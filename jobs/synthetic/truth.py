"""The exact answers to a take: what perfect estimators would say of each person, and more."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.acted import acted, frame_times, views
from jobs.synthetic.body_model import BodyModel
from jobs.synthetic.film import FilmSet
from jobs.synthetic.person import Person
from jobs.synthetic.skeleton import Posed
from jobs.synthetic.take import Actor, Take
from jobs.synthetic.visible import visible_shares
from pipeline.geometry import rotation_about, unit
from schemas.arrays import Axes
from schemas.base import record
from schemas.joints import BODY_JOINTS

Array = NDArray[np.float64]

BODY: dict[str, tuple[str, str]] = {
    "neck": ("neck01", "head"),
    "shoulder": ("upperarm01", "head"),
    "elbow": ("lowerarm01", "head"),
    "wrist": ("wrist", "head"),
    "hip": ("upperleg01", "head"),
    "knee": ("lowerleg01", "head"),
    "ankle": ("foot", "head"),
    "big_toe": ("toe1-2", "tail"),
}
"""Of which bone the beginning (head) or the end (tail) is a joint of ours; the pelvis is the hips' middle."""


@record
class PersonTruth:
    """One person of a take, frame by frame.

    The camera frame is x right, y down, z forward, metres; its principal point is the picture's centre.
    Pixels have their centres at integers and are told beyond the picture too. Left and right are the person's
    own. Head and hips frames are x to the person's left, y down, z out of the back: the identity faces the
    camera. Straight ahead is where the head of the rest pose looks; trackers, which go by the face, differ
    from it by a constant pitch of a person.
    """

    joints3d: Annotated[NDArray[np.float64], Axes("t 16 3")]  # m, camera frame, order of BODY_JOINTS
    joints2d: Annotated[NDArray[np.float64], Axes("t 16 2")]  # px
    hands3d: Annotated[NDArray[np.float64], Axes("t 2 21 3")]  # m, camera frame, left first, HAND_JOINTS
    hands2d: Annotated[NDArray[np.float64], Axes("t 2 21 2")]  # px
    head_rotation: Annotated[NDArray[np.float64], Axes("t 3 3")]  # to the axes of the camera as it stands
    head_seen: Annotated[NDArray[np.float64], Axes("t 3 3")]  # as a camera turned towards the head sees it
    head_center3d: Annotated[NDArray[np.float64], Axes("t 3")]  # m, camera frame, middle of the skull
    head_center: Annotated[NDArray[np.float64], Axes("t 2")]  # px
    head_radius_m: float  # half the head's height from chin to crown
    head_radius: Annotated[NDArray[np.float64], Axes("t")]  # px
    hips_rotation: Annotated[NDArray[np.float64], Axes("t 3 3")]  # to the axes of the camera as it stands
    face: Annotated[NDArray[np.float64], Axes("t a")]  # amounts of `faces.ACTIONS`
    visible: Annotated[
        NDArray[np.float64], Axes("t p")
    ]  # 0..1 of each of `parts.PARTS` that the picture shows


def truth(on: FilmSet) -> tuple[PersonTruth, ...]:
    """The answers for every actor of a take, in their order."""
    times = frame_times(on.take)
    visible = visible_shares(on, times)
    pairs = zip(on.take.actors, on.people, visible, strict=True)
    return tuple(person_truth(on.take, actor, who, times, shares) for actor, who, shares in pairs)


def person_truth(take: Take, actor: Actor, who: Person, times: Array, visible: Array) -> PersonTruth:
    """The answers for one actor."""
    motion, seen, camera = acted(take, actor, who, times), views(take, times), take.camera
    out = np.stack([view.rotation for view in seen])
    back = out.swapaxes(1, 2)

    def projected(points: Array) -> Array:
        """World points (t, n, 3) in the camera frame."""
        return np.stack([view.seen(at) for view, at in zip(seen, points, strict=True)])

    joints, hands = (
        projected(body_joints(who.model, motion.bones)),
        projected(hand_joints(who.model, motion.bones)),
    )
    head, hips = (back @ motion.bones.rotation[:, who.model.index[name]] for name in ("head", "root"))
    middle, radius_m = who.head_sphere
    bone = who.model.index["head"]
    center = motion.bones.heads[:, bone] + motion.bones.rotation[:, bone] @ (middle - who.shape.heads[bone])
    center = projected(center[:, None])[:, 0]
    hands = hands.reshape(len(times), 2, 21, 3)
    return PersonTruth(
        joints3d=joints,
        joints2d=camera.pixels(joints),
        hands3d=hands,
        hands2d=camera.pixels(hands),
        head_rotation=head,
        head_seen=towards(center).swapaxes(1, 2) @ head,
        head_center3d=center,
        head_center=camera.pixels(center),
        head_radius_m=radius_m,
        head_radius=camera.focal_px * radius_m / center[:, 2],
        hips_rotation=hips,
        face=motion.face,
        visible=visible,
    )


def towards(points: Array) -> Array:
    """The shortest rotations (t, 3, 3) that turn a camera's axis to points (t, 3)."""
    rays = unit(points)
    axis = np.stack([-rays[:, 1], rays[:, 0], 0 * rays[:, 0]], axis=1)
    angle = np.arctan2(np.linalg.norm(axis, axis=1), rays[:, 2])
    return rotation_about(unit(axis) * angle[:, None])


def body_joints(model: BodyModel, at: Posed) -> Array:
    """(t, 16, 3), in the order of BODY_JOINTS."""
    places = []
    for name in BODY_JOINTS:
        side, _, rest = name.partition("_")
        suffix = {"left": ".L", "right": ".R"}.get(side, "")
        if name == "pelvis":
            hips = [model.index[f"upperleg01.{letter}"] for letter in "LR"]
            places.append(at.heads[:, hips].mean(axis=1))
        else:
            bone, end = BODY[rest or name]
            places.append((at.heads if end == "head" else at.tails)[:, model.index[bone + suffix]])
    return np.stack(places, axis=1)


def hand_joints(model: BodyModel, at: Posed) -> Array:
    """(t, 42, 3): both hands, left first, in the order of HAND_JOINTS."""
    places = []
    for side in "LR":
        places.append(at.heads[:, model.index[f"wrist.{side}"]])
        for finger in range(1, 6):
            bones = [model.index[f"finger{finger}-{part}.{side}"] for part in (1, 2, 3)]
            places += [at.heads[:, bone] for bone in bones] + [at.tails[:, bones[-1]]]
    return np.stack(places, axis=1)
