"""What is filmed: who, doing what, where, through which camera. All of a film follows from these numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jobs.synthetic.identity import Identity, random_identity
from jobs.synthetic.person import Person
from jobs.synthetic.rasterise import CameraView
from jobs.synthetic.scenery import Board
from jobs.synthetic.surface import BodySurface, random_surface
from schemas.controls import Framing


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One person and what it does."""

    identity: Identity
    surface: BodySurface
    path: str
    """One of `motion.PATHS`."""
    framing: Framing = "full"
    """How much of it the first view shows."""
    beside_m: float = 0.0
    """Of the picture's middle, towards image right."""
    behind_m: float = 0.0
    """Farther away than the framing says."""
    yaw: float = 0.0
    """Of the body at first, rad; 0 faces the camera, positive towards image right."""
    speaks: bool = False
    seed: int = 0
    """Of its motion and its face."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """A film to be made."""

    actors: tuple[Actor, ...]
    width: int = 480
    height: int = 640
    num_frames: int = 48
    fps: float = 24.0
    camera_path: str = "still"
    """One of `scenery.CAMERA_PATHS`."""
    boards: tuple[Board, ...] = ()
    shutter: float = 0.0
    """Share of a frame's time in which light falls: more blurs what moves."""
    exposures: int = 1
    """Pictures whose mean is a frame."""
    sharpness: int = 2
    """Pixels drawn for one of the film, on each side."""
    seed: int = 0
    """Of room, light and camera."""

    @property
    def camera(self) -> CameraView:
        """Of the focal length that is assumed of any camera: the picture's diagonal."""
        return CameraView(width=self.width, height=self.height, focal_px=math.hypot(self.width, self.height))

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return max(self.num_frames - 1, 1) / self.fps


SHOWN: dict[Framing, tuple[float, float]] = {
    "portrait": (0.13, 0.22),
    "half": (0.15, -0.12),
    "full": (0.20, 0.15),
}
"""Room above the crown, m, and below chin (portrait), hips (half) or soles (full)."""


def hips_at(actor: Actor, person: Person, camera: CameraView) -> np.ndarray:
    """Where the point between the hips is in the first view (3,), m."""
    up, down = person.stature
    above, below = SHOWN[actor.framing]
    bottom = {"portrait": -up + 2 * person.head_sphere[1] + below, "half": -below, "full": down + below}[
        actor.framing
    ]
    top = -up - above
    away = camera.focal_px * (bottom - top) / camera.height + actor.behind_m
    return np.array([actor.beside_m, -(top + bottom) / 2, away])


def random_actor(
    seed: int, path: str, framing: Framing = "full", *, yaw: float = 0.0, speaks: bool = False
) -> Actor:
    """Somebody new for every seed, on a path."""
    random = np.random.default_rng(seed)
    identity = random_identity(random)
    return Actor(
        identity=identity,
        surface=random_surface(random, identity),
        path=path,
        framing=framing,
        yaw=yaw,
        speaks=speaks,
        seed=seed,
    )
