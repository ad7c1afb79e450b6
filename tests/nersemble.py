"""A made-up take in the layouts of NeRSemble: cameras on an arc around a point, all files in their places."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.corpora.nersemble.layout import FPS, FRONTAL, SERIALS
from tests.paint import write_video

Frames = NDArray[np.uint8]
HEAD = np.array([0.1, -0.2, 0.3])
"""What all cameras look at, m."""
AWAY_M = 1.1
SIZE = (320, 220)
"""Of its pictures, landscape as the real ones are."""


def around(angle_deg: float, up_deg: float = 0.0) -> NDArray[np.float64]:
    """World to camera, 4 4, of a camera on a sphere around the head that looks at it."""
    yaw, pitch = np.radians([angle_deg, up_deg])
    out = np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
    z = -out
    x = np.cross([0, 1, 0], z)
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ (HEAD + AWAY_M * out)
    return pose


def angles(serials: tuple[str, ...] = SERIALS) -> dict[str, float]:
    """Of each camera to the frontal one, degrees: 12 apart."""
    middle = serials.index(FRONTAL)
    return {serial: 12.0 * (at - middle) for at, serial in enumerate(serials)}


def calibration(serials: tuple[str, ...], focal_px: float = 400.0, scale: float = 2.0) -> dict[str, Any]:
    """`camera_params.json`; told in pixels `scale` times as small as those of the pictures."""
    width, height = SIZE
    told = [
        [focal_px * scale, 0, width * scale / 2 - 0.5],
        [0, focal_px * scale, height * scale / 2 - 0.5],
        [0, 0, 1],
    ]
    poses = {serial: around(angle).tolist() for serial, angle in angles(serials).items()}
    return {"world_2_cam": poses, "intrinsics": told}


def affine_of(serial: str) -> NDArray[np.float64]:
    """A colour matrix of version 1, another for each camera and far from symmetric."""
    shift = 0.01 * (SERIALS.index(serial) % 4)
    mixed = np.array([[0.8, 0.1, 0.0], [0.0, 0.9, 0.05], [0.15, 0.0, 0.85]])
    return np.column_stack([mixed, np.full(3, shift)])


def polynomial_of(serial: str) -> NDArray[np.float64]:
    """A colour matrix of version 2, linear in what it multiplies."""
    scale = 1 - 0.02 * (SERIALS.index(serial) % 4)
    return scale * np.array([[0.8, 0.15, 0.05], [0.0, 0.9, 0.1], [0.05, 0.0, 0.95]])


def write_take(
    folder: Path,
    pictures: Callable[[str], Frames],
    *,
    version: Literal[1, 2],
    serials: tuple[str, ...] = SERIALS,
    sequence: str = "SEN-01-cramp_small_danger",
    colours: bool = True,
    camera_params: dict[str, Any] | None = None,
) -> Path:
    """One take of participant 017; `pictures` gives those of a camera, all at 73 a second.

    `camera_params` is its calibration, where that is another than `calibration`'s.
    """
    person = folder / "017"
    place = person / "calibration" if version == 2 else person
    place.mkdir(parents=True, exist_ok=True)
    (place / "camera_params.json").write_text(json.dumps(camera_params or calibration(serials)))
    if colours and version == 2:
        every = {serial: polynomial_of(serial).tolist() for serial in serials}
        (place / "color_calibration.json").write_text(json.dumps(every))
    for serial in serials:
        if version == 2:
            path = person / "sequences" / sequence / "images" / f"cam_{serial}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_video(path, pictures(serial), FPS)
            continue
        if colours:
            own = person / "annotations" / sequence / "color_correction"
            own.mkdir(parents=True, exist_ok=True)
            np.save(own / f"{serial}.npy", affine_of(serial))
        for number, picture in enumerate(pictures(serial)):
            at = person / "sequences" / sequence / f"frame_{number:05d}" / "images-2x"
            at.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(at / f"cam_{serial}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return folder
