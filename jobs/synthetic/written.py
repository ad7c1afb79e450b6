"""Films as files: pictures and voice of a take in an mp4."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from jobs.synthetic.film import FilmSet, each_frame, sound
from media.encode import VideoSettings, write_video
from media.sound import add_samples
from schemas.media import FPS, SOUND_RATE, Frames

WINDOW = 12
"""Pictures that are in memory at once."""


def write_film(on: FilmSet, path: Path) -> None:
    """Write the film of a take of 24 frames a second, with sound where somebody speaks; whole or not at all.

    Raises:
        ValueError: the take has another frame rate.
    """
    if on.take.fps != FPS:
        raise ValueError(f"films are written at {FPS} frames a second, not {on.take.fps:g}")
    with TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / "silent.mp4"
        write_video(made, windows(on), VideoSettings())
        if any(actor.speaks for actor in on.take.actors):
            heard = Path(folder) / "heard.mp4"
            add_samples(made, sound(on.take), SOUND_RATE, heard)
            made = heard
        made.replace(path)


def windows(on: FilmSet) -> Iterator[Frames]:
    """The pictures of a take, some at a time."""
    window = []
    for picture in each_frame(on):
        window.append(picture)
        if len(window) == WINDOW:
            yield np.stack(window)
            window = []
    if window:
        yield np.stack(window)
