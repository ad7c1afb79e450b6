"""Where joints of a cross-driven film should be: the driver's motion on the reference's bones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from jobs.animation.people import PersonReader, figure_of
from model.sample.retarget import retarget
from model.sample.travel import held
from pipeline.stages.clip_tracks import Estimators
from schemas.arrays import Axes
from schemas.base import record
from schemas.controls import CANVAS_AREA, Controlled
from schemas.media import FPS
from schemas.outcome import Rejected

SAME_SHAPE = 0.02
"""A film whose shape differs by more than this share from canvas and reference shows another part of it."""


@record
class ExpectedJoints:
    """Joints of each frame of the driving film, on the canvas of the reference."""

    joints2d: Annotated[NDArray[np.float32], Axes("t 16 2")]  # px
    score: Annotated[NDArray[np.float32], Axes("t 16")]  # 0 outside the stretch that shows one person
    width: int
    height: int
    in_picture: Annotated[NDArray[np.float32], Axes("t 16 2")]  # the same joints in px of the reference
    picture_width: int
    picture_height: int

    def in_film(self, width: int, height: int) -> NDArray[np.float32] | None:
        """The joints in pixels of a film of the canvas's shape or the reference's, whichever is nearer.

        None where it has neither's.
        """
        shown = (
            (self.joints2d, self.width, self.height),
            (self.in_picture, self.picture_width, self.picture_height),
        )
        joints, w, h = min(shown, key=lambda one: abs(np.log(width * one[2] / (height * one[1]))))
        if abs(width * h / (height * w) - 1) > SAME_SHAPE:
            return None
        return np.asarray(joints * [width / w, height / h], np.float32)


def expected_joints(
    estimators: Estimators, reference: Path, driving: Path, frames: int, fps: float
) -> ExpectedJoints | None:
    """The joints that a film should show; None where one person is not found in both."""
    reader = PersonReader.holding(estimators, CANVAS_AREA)
    try:
        driver, (_, person) = reader.person(driving), reader.picture(reference)
        return laid_on(driver, person, frames, fps)
    except (Rejected, ValueError):
        return None


def laid_on(driver: Controlled, person: Controlled, frames: int, fps: float) -> ExpectedJoints:
    """The driver's joints on the person's bones, frame by frame of a film of so many a second.

    Raises:
        ValueError: the two show neither body nor head in common.
    """
    figure, canvas = figure_of(driver), figure_of(person)
    moved = held(figure, canvas, retarget(figure, canvas)).controls
    ticks = np.rint(np.arange(frames) * FPS / fps).astype(np.int64) - driver.clip.first_frame
    shown = np.clip(ticks, 0, len(moved.joints2d) - 1)
    in_picture = (moved.joints2d[shown] - person.to_canvas[:, 2]) @ np.linalg.inv(person.to_canvas[:, :2]).T
    return ExpectedJoints(
        joints2d=moved.joints2d[shown],
        in_picture=in_picture.astype(np.float32),
        picture_width=person.clip.video.width,
        picture_height=person.clip.video.height,
        score=np.where((shown == ticks)[:, None], moved.joints_score[shown], 0).astype(np.float32),
        width=person.width,
        height=person.height,
    )
