"""Pictures of synthetic scenes: a figure in flat colours, with a face and hair, before a quiet background.

Every frame carries the strip of `pipeline.estimators.fakes`, so that the fakes know the answers whatever is
done to the clip.
"""

from __future__ import annotations

import colorsys
import subprocess
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from pipeline.estimators.fakes import save_truth, write_strip
from schemas.joints import J
from schemas.media import Frames
from schemas.raster import Canvas, draw_ball, draw_strokes
from tests import figure
from tests.films import EVERYWHERE
from tests.synth import Acted, Array, Scene, acted, pixels, shifted, truth

PARTS: tuple[tuple[str, str, float, str], ...] = (
    ("neck", "pelvis", 0.12, "shirt"),
    *((f"{side}_shoulder", f"{side}_hip", 0.07, "shirt") for side in ("left", "right")),
    *((f"{side}_shoulder", f"{side}_elbow", 0.055, "shirt") for side in ("left", "right")),
    *((f"{side}_elbow", f"{side}_wrist", 0.04, "skin") for side in ("left", "right")),
    *((f"{side}_hip", f"{side}_knee", 0.085, "trousers") for side in ("left", "right")),
    *((f"{side}_knee", f"{side}_ankle", 0.06, "trousers") for side in ("left", "right")),
    *((f"{side}_ankle", f"{side}_big_toe", 0.045, "hair") for side in ("left", "right")),
)
"""Body parts: from, to, half width in metres, colour."""

FINGERS = [(0, 1 + 4 * f) for f in range(5)] + [
    (4 * f + k, 4 * f + k + 1) for f in range(5) for k in (1, 2, 3)
]
"""Pairs of hand points that are joined."""


FEATURES = (
    ("left_eye", "left_eye", (0.003, 0.014, 0.0), (30, 30, 30)),
    ("right_eye", "right_eye", (0.003, 0.014, 0.0), (30, 30, 30)),
    ("nose", "nose", (0.011, 0.0, 0.0), (140, 110, 90)),
    ("left_mouth", "right_mouth", (0.008, 0.0, 0.027), (150, 50, 50)),
)
"""Of the face: from mark, to mark; half width in metres, more by open eyes, by an open mouth; colour."""


def colours(look: int) -> dict[str, Array]:
    """Colours, 0..255, of a figure's parts; different for every small `look`."""
    shirt = colorsys.hsv_to_rgb(0.6 + 0.38 * look, 0.7, 0.75)
    trousers = colorsys.hsv_to_rgb(0.1 + 0.38 * look, 0.4, 0.35)
    hair = (0.25, 0.16, 0.1) if look % 2 == 0 else (0.75, 0.6, 0.3)
    named = {"shirt": shirt, "trousers": trousers, "hair": hair, "skin": (0.87, 0.68, 0.55)}
    return {name: 255 * np.array(rgb) for name, rgb in named.items()}


def frames_of(scene: Scene) -> Frames:
    """(t, h, w, 3) pictures of a scene."""
    act = acted(replace(scene, mirrored=False))
    pictures = np.repeat(background(scene.width, scene.height)[None], scene.num_frames, axis=0)
    for t, picture in enumerate(pictures):
        if t in scene.company:
            paint_figure(scene, picture, shifted(act), t, colours(scene.appearance + 1))
        if t not in scene.absent:
            paint_figure(scene, picture, act, t, colours(scene.appearance))
        if scene.mirrored:
            picture[:] = picture[:, ::-1].copy()
        write_strip(picture, scene.number, t)
    return pictures


def background(width: int, height: int) -> Canvas:
    """A wall of two tones that brightens upward, and a floor."""
    y, x = np.mgrid[0:height, 0:width]
    tile = np.where((x // 16 + y // 16) % 2 == 0, 6.0, -6.0)
    wall = 150 - 40 * y / height + tile
    floor = 90 + tile
    grey = np.where(y < 0.85 * height, wall, floor)
    return np.stack([grey, grey + 4, grey + 10], axis=-1).astype(np.uint8)


def paint_figure(scene: Scene, picture: Canvas, act: Acted, t: int, coat: dict[str, Array]) -> None:
    """Paint frame `t` of an act, far parts first."""
    joints, hands = act.joints[t], act.hands[t]
    parts = [(joints[J[a]], joints[J[b]], radius, coat[name]) for a, b, radius, name in PARTS]
    parts.append((joints[J["neck"]], (joints[J["neck"]] + act.head_center[t]) / 2, 0.05, coat["skin"]))
    for hand in hands:
        parts.append((hand[0], hand[9], 0.032, coat["skin"]))
        parts += [(hand[a], hand[b], 0.009, coat["skin"]) for a, b in FINGERS]
    start, stop = (np.array([part[end] for part in parts]) for end in (0, 1))
    depth = (start[:, 2] + stop[:, 2]) / 2
    radius = scene.focal_px * np.array([part[2] for part in parts]) / depth
    colour = np.array([part[3] for part in parts]) * (1 - 0.15 * (depth - depth.mean()) / 0.3)[:, None]
    order = np.argsort(-depth, kind="stable")
    far, near = order[depth[order] > act.head_center[t, 2]], order[depth[order] <= act.head_center[t, 2]]
    for some, head_next in ((far, True), (near, False)):
        first, last = pixels(scene, start[some]), pixels(scene, stop[some])
        draw_strokes(
            picture[None],
            first[:, None],
            last[:, None],
            radius[some][:, None],
            np.clip(colour[some], 0, 255)[:, None],
        )
        if head_next:
            paint_head(scene, picture, act, t, coat)


def paint_head(scene: Scene, picture: Canvas, act: Acted, t: int, coat: dict[str, Array]) -> None:
    """Paint the head of frame `t`: hair, face, eyes, nose and mouth turn with it."""
    ball = np.zeros_like(picture)
    radius = scene.focal_px * figure.HEAD_RADIUS_M / act.head_center[t, 2]
    draw_ball(ball, pixels(scene, act.head_center[t]), radius, act.head_rotation[t])
    row, column = np.nonzero(ball.any(axis=-1))
    y, z = (ball[row, column, 1:] / 127.5 - 1).T
    paint = np.tile(coat["skin"], (len(y), 1)) * (0.85 - 0.15 * y)[:, None]
    paint[(z > 0.05) | (y < -0.62)] = coat["hair"]
    picture[row, column] = np.clip(paint, 0, 255)
    places = dict(zip(figure.FACE_MARKS, act.marks[t], strict=True))
    eyes, mouth = act.face[t]
    for start, stop, (least_m, by_eyes, by_mouth), colour in FEATURES:
        ends = np.array([[places[start]], [places[stop]]])
        if ((ends - act.head_center[t]) * ends).sum(axis=-1).max() < 0:  # both look at the camera
            radius_m = least_m + eyes * by_eyes + mouth * by_mouth
            size = scene.focal_px * radius_m / ends[:, :, 2].mean(axis=0)
            first, last = pixels(scene, ends)
            draw_strokes(picture[None], first[:, None], last[:, None], size[:, None], np.array([[colour]]))


def film(scene: Scene, path: Path, truths: Path) -> Path:
    """Write a scene's clip to `path` and its truth, for the fakes, into the folder `truths`; gives `path`."""
    truths.mkdir(parents=True, exist_ok=True)
    save_truth(truths, scene.number, truth(scene))
    return write_video(path, frames_of(scene), scene.fps)


def write_video(path: Path, frames: Frames, fps: float, *options: str) -> Path:
    """Encode frames as H.264 with the ffmpeg of imageio-ffmpeg; `options` go before the output's name."""
    height, width = frames.shape[1:3]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += [
        "-s",
        f"{width}x{height}",
        "-r",
        str(fps),
        "-i",
        "-",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
    ]
    command += ["-crf", "16", "-preset", "veryfast", "-threads", "1", "-x264-params", EVERYWHERE]
    command += [*options, str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True)
    return path
