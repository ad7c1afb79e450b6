"""What an animation plays: a driving video, a person who stands still, and a speech over either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jobs.animation.people import VideoDrive, figure_of
from jobs.animation.second_pass import DrivenPart
from media.resample import crop_squares
from media.sound import add_sound, clip_sound
from media.voice import Voice, add_voice
from model.sample.pixels import Pictures, stretch_of
from model.sample.retarget import Figure, retarget
from model.sample.segments import Drive, Stretch
from model.sample.spoken import SpokenDrive
from model.sample.travel import Held, held
from schemas.controls import Controlled, frames_of
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.landmarks import face_points
from schemas.sample import FACE_SIZE

Speaks = Literal["mouth", "face"]
"""What follows a speech: the mouth alone, or eyes and emotion too."""


@dataclass(frozen=True, kw_only=True)
class Performance:
    """What is played, for how long, and what is heard."""

    drive: Drive
    frames: int
    dub: Callable[[Path, Path], None] | None
    """Writes a silent film with its sound to another path; None where there is none."""
    shows_face: bool
    part: DrivenPart | None = None
    """The driver's, where there is one."""
    note: str = ""
    """What became of the driver's way, where it would have left the canvas."""


def by_video(driver: Controlled, person: Controlled, canonical: Figure | None) -> Performance:
    """The person moves as the driver does, and sounds like it."""
    figure, canvas = figure_of(driver), figure_of(person)
    kept = held(figure, canvas, retarget(figure, canvas, canonical))
    controls = kept.controls
    drive = VideoDrive(driver=driver, controls=controls, width=person.width, height=person.height)
    sounds = driver.clip.video.has_audio and clip_sound(driver.clip).size
    return Performance(
        drive=drive,
        frames=driver.clip.num_frames,
        dub=(lambda silent, out: add_sound(silent, driver.clip, out)) if sounds else None,
        shows_face=bool(driver.controls.face_valid.any()),
        part=DrivenPart(driver=driver, controls=controls, person=person, drive=drive),
        note=travel_note(kept),
    )


def travel_note(kept: Held) -> str:
    """A line about a way that was shortened."""
    if not kept.left:
        return ""
    across, down = (f"{share:.0%}" for share in kept.travel)
    return (
        f"the figure would leave the canvas in {kept.left:.0%} of the frames: it goes {across} of the "
        f"driver's way across and {down} of it up and down; a reference that shows more gives it room"
    )


def standing(picture: Pictures, person: Controlled) -> Performance:
    """The person of a picture (h, w, 3) stays as it is; one frame, which lasts as long as it is asked for."""
    drive = StillDrive(picture=picture, person=person)
    return Performance(
        drive=drive, frames=1, dub=None, shows_face=bool(drive.person.controls.face_valid.any())
    )


def spoken(played: Performance, voice: Voice, speaks: Speaks) -> Performance:
    """The same with faces that follow a speech, for as long as it lasts.

    Raises:
        ValueError: the performance shows no face.
    """
    if not played.shows_face:
        raise ValueError("no face is seen, so a speech would move nothing")
    drive = SpokenDrive(
        drive=played.drive,
        frames=played.frames,
        sound=voice.samples,
        mouth_only=speaks == "mouth",
    )
    return replace(
        played,
        drive=drive,
        frames=voice.num_frames,
        dub=lambda silent, out: add_voice(silent, voice, out),
    )


@dataclass(frozen=True, kw_only=True)
class StillDrive:
    """Drives by a picture: its middle moment, which all others are like."""

    picture: Pictures
    person: Controlled

    def __call__(self, numbers: NDArray[np.int64]) -> Stretch:
        """The same for every frame."""
        person, middle = self.person, len(self.person.controls.face_valid) // 2
        own = frames_of(person.controls, np.full(len(numbers), middle))
        skeleton = draw_skeleton(own, person.width, person.height)
        sphere = draw_spheres(own, person.width, person.height)
        face = crop_squares(self.picture[None], own.face_box[:1], own.face_valid[:1], FACE_SIZE)
        points = face_points(own, person.to_canvas, person.width, person.height)
        return stretch_of(skeleton, sphere, face.repeat(len(numbers), axis=0), points, own.face_valid.copy())
