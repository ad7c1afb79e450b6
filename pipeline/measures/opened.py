"""A stored sample, opened: what measures are functions of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from dataset.meta import meta_in
from dataset.reader import Members
from dataset.sample_files import controls_of, facts_of, require
from media.members import AROUND, decode_sound, decode_still, decode_window, num_sounds
from pipeline.geometry import Array, apply_affine
from pipeline.measures.synchrony import Sound, Spoken, explained_by_lag, spoken
from schemas.controls import Controls
from schemas.index import IndexRow
from schemas.media import FPS, Frames
from schemas.sample import AUDIO, FACE, FACE_SIZE, META, TRACKS, VIDEO, reference_member

STEP = 6
"""Of the video every so many frames are looked at; of face crops all are."""


@dataclass(frozen=True, kw_only=True)
class OpenedSample:
    """What a sample holds; pixels are the canvas's, as in formats.md."""

    row: IndexRow
    controls: Controls
    to_canvas: NDArray[np.float64]  # 2x3, source px to canvas px
    reference_yaws: NDArray[np.float64]  # n, rad
    reference_frames: NDArray[np.int64]  # n, numbers of frames of the clip, below 0 and beyond it too
    frames: Frames  # every `STEP`th
    faces: Frames  # all, 224x224
    references: Frames
    sound: Sound | None  # -1..1, 16 kHz, as long as the clip

    @cached_property
    def face_boxes(self) -> NDArray[np.float64]:
        """The face crops' squares (t, 4) on the canvas."""
        corners = self.controls.face_box.reshape(-1, 2, 2)
        return apply_affine(self.to_canvas, corners).reshape(-1, 4)

    @cached_property
    def greys(self) -> NDArray[np.uint8]:
        """Luma (t, h, w) of `frames`."""
        found = np.empty(self.frames.shape[:3], np.uint8)
        for picture, luma in zip(self.frames, found, strict=True):
            cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY, dst=luma)
        return found

    @cached_property
    def spoken(self) -> Spoken | None:
        """What is seen and heard of somebody who speaks, None where nobody does."""
        return spoken(self.sound, self.faces, self.controls.face_valid) if self.sound is not None else None

    @cached_property
    def mouth_tells(self) -> Array | None:
        """Share of the sound's loudness that the mouth tells, by lag; None where nobody speaks."""
        return explained_by_lag(self.spoken) if self.spoken is not None else None

    @cached_property
    def looked_at(self) -> NDArray[np.int64]:
        """Numbers of `frames`."""
        return np.arange(len(self.frames)) * STEP


def grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma (h, w) of a picture (h, w, 3)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def opened_sample(row: IndexRow, members: Members) -> OpenedSample:
    """A sample from its members.

    Raises:
        UnfitError: a member is missing, cannot be decoded or breaks a promise of formats.md.
    """
    require(row, members, baked=False)
    facts, meta = facts_of(row, members[META], baked=False), meta_in(members[META])
    frames = np.empty((-(-row.frames // STEP), row.height, row.width, 3), np.uint8)
    faces = np.empty((row.frames, FACE_SIZE, FACE_SIZE, 3), np.uint8)
    references = np.empty((row.num_references, row.height, row.width, 3), np.uint8)
    decode_window(VIDEO, members[VIDEO], row.frames, 0, frames, step=STEP)
    decode_window(FACE, members[FACE], row.frames, 0, faces)
    for number, picture in enumerate(references):
        decode_still(reference_member(number), members[reference_member(number)], picture)
    return OpenedSample(
        row=row,
        controls=controls_of(row, members[TRACKS]),
        to_canvas=facts.to_canvas,
        reference_yaws=np.array([float(one["yaw"]) for one in meta["references"]]),
        reference_frames=np.array([frame_of(one["source_time_s"], row) for one in meta["references"]]),
        frames=frames,
        faces=faces,
        references=references,
        sound=sound_of(row, members) if row.has_audio else None,
    )


def frame_of(source_time_s: float, row: IndexRow) -> int:
    """Which frame of a sample shows a moment of its source, counted on before and after the sample."""
    return round((source_time_s - row.start_s) * FPS)


def sound_of(row: IndexRow, members: Members) -> Sound:
    """The sound of a sample, whole."""
    sound = np.empty(num_sounds(row.frames), np.float32)
    decode_sound(AUDIO, members[AUDIO], row.frames, AROUND, sound)
    return sound
