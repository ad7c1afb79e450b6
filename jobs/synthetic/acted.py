"""What happens in a take at given times: bones, faces and camera, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.faces import Syllables, expression, random_syllables
from jobs.synthetic.motion import PATHS, Course
from jobs.synthetic.person import Person
from jobs.synthetic.scenery import CAMERA_PATHS, View
from jobs.synthetic.skeleton import Posed, posed
from jobs.synthetic.take import Actor, Take, hips_at

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Acted:
    """An actor over t moments, in the world's frame: that of the camera at first."""

    bones: Posed
    face: Array  # t 18, amounts of `faces.ACTIONS`


def acted(take: Take, actor: Actor, person: Person, times: Array) -> Acted:
    """What an actor does at these times (t,), s."""
    course = Course(place=hips_at(actor, person, take.camera), yaw=actor.yaw, duration_s=take.duration_s)
    pose = PATHS[actor.path](np.random.default_rng((actor.seed, 1)), times, course)
    random = np.random.default_rng((actor.seed, 2))
    face = expression(random, times, take.duration_s, speech_of(take, actor))
    return Acted(posed(person.model, person.shape, pose), face)


def speech_of(take: Take, actor: Actor) -> Syllables | None:
    """What an actor says, None where it is silent."""
    if not actor.speaks:
        return None
    return random_syllables(np.random.default_rng((actor.seed, 3)), take.duration_s + 1 / take.fps)


def views(take: Take, times: Array) -> list[View]:
    """Where the camera is at these times."""
    return CAMERA_PATHS[take.camera_path](np.random.default_rng((take.seed, 4)), times)


def frame_times(take: Take) -> Array:
    """The middle of each frame's exposure, s."""
    return np.arange(take.num_frames) / take.fps
