"""Where people stand: a room with wall and floor, a light, boards that hide them, and the camera's way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.faces import waves
from jobs.synthetic.rasterise import CameraView, Map, rasterise
from jobs.synthetic.surface import Colour, hsv
from pipeline.geometry import head_rotation

Array = NDArray[np.float64]

SIDE, METRES = 1024, 12.0
"""Of the pictures of wall and floor: px, and m that they cover."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """An upright rectangle in the world, facing the camera's first place, of one colour."""

    left: float  # m, camera frame of the first view
    right: float
    top: float
    bottom: float
    away: float  # z
    colour: Colour


@dataclass(frozen=True)
class View:
    """Where the camera is at a moment: world to camera frame."""

    rotation: Array  # 3 3, camera frame to world
    place: Array  # 3, m, world

    def seen(self, points: Array) -> Array:
        """World points (..., 3) in the camera frame."""
        return np.asarray((points - self.place) @ self.rotation)


@dataclass(frozen=True)
class Room:
    """A floor at a height, a wall behind, and a light from a side; world frame, m."""

    floor_y: float
    wall_z: float
    light: Array  # 3, unit, towards the light
    wall: NDArray[np.uint8]  # SIDE SIDE 3
    floor: NDArray[np.uint8]

    def seen(self, camera: CameraView, view: View) -> Map:
        """The empty room (h, w, 3), 0..255."""
        x = np.arange(camera.width, dtype=np.float32)[None] - (camera.width - 1) / 2
        y = np.arange(camera.height, dtype=np.float32)[:, None] - (camera.height - 1) / 2
        right, down, ahead = (
            row[0] * x + row[1] * y + row[2] * camera.focal_px for row in view.rotation.astype(np.float32)
        )
        to_wall = (self.wall_z - view.place[2]) / np.maximum(ahead, 1e-6)
        to_floor = (self.floor_y - view.place[1]) / np.maximum(down, 1e-6)
        onto_floor, far = to_floor < to_wall, np.minimum(to_wall, to_floor)
        across = view.place[0] + right * far
        onward = np.where(onto_floor, view.place[2] + ahead * far, view.place[1] + down * far)
        shown = [sample(picture, across, onward) for picture in (self.wall, self.floor)]
        return np.where(onto_floor[..., None], shown[1], shown[0]).astype(np.float32)


def sample(picture: NDArray[np.uint8], x: Map, y: Map) -> NDArray[np.uint8]:
    """A picture (h, w, 3) that is repeated for ever, at places (h, w) in m."""
    px = [np.asarray(((values / METRES + 0.5) % 1) * SIDE, np.float32) for values in (x, y)]
    return np.asarray(cv2.remap(picture, px[0], px[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def random_room(random: np.random.Generator, floor_y: float, wall_z: float) -> Room:
    """A wall of a pale colour with frames and shelves, and boards on the floor."""
    wall = tinted(random, hsv(random.random(), random.uniform(0.02, 0.25), random.uniform(0.55, 0.85)))
    for _ in range(26):
        x, y = random.integers(0, SIDE, 2)
        w, h = random.integers(25, 90, 2)
        colour = [
            255 * part for part in hsv(random.random(), random.uniform(0.05, 0.4), random.uniform(0.3, 0.9))
        ]
        cv2.rectangle(wall, (int(x), int(y)), (int(x + w), int(y + h)), colour, -1)
        cv2.rectangle(wall, (int(x), int(y)), (int(x + w), int(y + h)), (40, 35, 30), 2)
    floor = tinted(
        random, hsv(random.uniform(0.04, 0.12), random.uniform(0.1, 0.5), random.uniform(0.25, 0.6))
    )
    floor[:, :: SIDE // 48] = floor[:, :: SIDE // 48] // 2
    side = random.choice((-1, 1))
    light = np.array([side * random.uniform(0.2, 0.7), -random.uniform(0.4, 0.8), -random.uniform(0.6, 0.9)])
    return Room(floor_y, wall_z, light / np.linalg.norm(light), wall, floor)


def tinted(random: np.random.Generator, colour: Colour) -> NDArray[np.uint8]:
    """A plaster of a colour (SIDE, SIDE, 3)."""
    grain = random.standard_normal((SIDE, SIDE)).astype(np.float32)
    soft = 8 * cv2.GaussianBlur(grain, (0, 0), 40, borderType=cv2.BORDER_REFLECT)
    shade = 1 + 0.02 * grain + 0.25 * soft
    return np.asarray(np.clip(255 * np.asarray(colour, np.float32) * shade[..., None], 0, 255), np.uint8)


def board_seen(board: Board, camera: CameraView, view: View) -> tuple[Map, Map]:
    """Colours (h, w, 3), 0..255, and depth (h, w) m of a board."""
    corners = [(x, y, board.away) for y in (board.top, board.bottom) for x in (board.left, board.right)]
    shades = 255 * np.asarray(board.colour) * np.array([1.0, 0.9, 0.8, 0.7])[:, None]
    triangles = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    return rasterise(camera, view.seen(np.array(corners)), triangles, shades)


def still(_: np.random.Generator, times: Array) -> list[View]:
    """A camera on a stand."""
    return [View(np.eye(3), np.zeros(3)) for _time in times]


def hand_held(random: np.random.Generator, times: Array) -> list[View]:
    """A camera in the hand: it drifts by centimetres and turns by a degree or two."""
    drift = np.stack([0.04 * waves(random, times, 0.5) for _ in range(3)], axis=1)
    yaw, pitch, roll = (0.02 * waves(random, times, 0.7) for _ in range(3))
    return [View(turn, place) for turn, place in zip(head_rotation(yaw, pitch, roll), drift, strict=True)]


def dolly(random: np.random.Generator, times: Array) -> list[View]:
    """A camera that moves aside and back and turns towards what it saw first, 2.5 m away."""
    along = 0.35 * np.sin(0.8 * times) * random.choice((-1, 1))
    yaw = np.arctan2(along, 2.5)
    place = np.stack([along, 0 * along, 0 * along], axis=1)
    return [View(turn, at) for turn, at in zip(head_rotation(yaw, 0.0, 0.0), place, strict=True)]


CAMERA_PATHS: dict[str, Callable[[np.random.Generator, Array], list[View]]] = {
    "still": still,
    "hand_held": hand_held,
    "dolly": dolly,
}
