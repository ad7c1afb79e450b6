"""Mutated pictures and sounds, and what is neither, read as `animate` reads them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from benchmarks.faults.clips import SCENE, TITLE
from benchmarks.faults.reading import Family, Read
from benchmarks.faults.videos import NO_FILES
from media.stills import read_still
from media.voice import voice_of
from schemas.outcome import Rejected
from tests.films import ffmpeg
from tests.mutants import mutant
from tests.paint import frames_of

PICTURES = ("a.jpg", "a.png", "a.webp", "a.bmp", "a.tiff", "a.gif")
SOUNDS = ("a.wav", "a.flac", "a.mp3", "a.m4a", "a.ogg", "a.mp4")
MOST_PIXELS = 2048 * 2048


def prepare(folder: Path) -> None:
    """A good file of each kind."""
    picture = Image.fromarray(np.asarray(frames_of(SCENE)[0]))
    for name in PICTURES:
        picture.save(folder / name)
    for name in SOUNDS:
        ffmpeg(
            "-f", "lavfi", "-i", "sine=frequency=330:duration=2", "-metadata", f"title={TITLE}", folder / name
        )


def read(seed: int, folder: Path, trap: Path) -> Read:
    """A changed file, or what is none, as a reference or a speech."""
    draw = Random(f"still {seed}")
    sound = seed % 2 == 1
    name = draw.choice(SOUNDS if sound else PICTURES)
    with tempfile.TemporaryDirectory() as own:
        path = Path(own) / name
        if draw.random() < 0.2:
            what = draw.choice(sorted(NO_FILES))
            shutil.copyfile(folder / name, trap.with_name("still"))
            NO_FILES[what](path, trap.with_name("still"))
        else:
            what = name
            path.write_bytes(changed(name, (folder / name).read_bytes(), draw))
        return as_sound(path, what) if sound else as_picture(path, what)


def changed(name: str, data: bytes, draw: Random) -> bytes:
    """A mutant, or a good file whose title is no text."""
    if TITLE.encode() in data and draw.random() < 0.2:
        return data.replace(TITLE.encode(), bytes(draw.randrange(128, 256) for _ in TITLE))
    return mutant(name, data, draw.getrandbits(64))


def as_picture(path: Path, what: str) -> Read:
    """How a reference ends."""
    try:
        read_still(path, max_pixels=MOST_PIXELS)
    except Rejected as no:
        return Read(what=what, end="rejected", reason=no.reason)
    return Read(what=what, end="read")


def as_sound(path: Path, what: str) -> Read:
    """How a speech ends."""
    try:
        with voice_of(path) as voice:
            int(voice.samples.max())
    except Rejected as no:
        return Read(what=what, end="rejected", reason=no.reason)
    return Read(what=what, end="read")


FAMILY = Family(prepare=prepare, read=read)
