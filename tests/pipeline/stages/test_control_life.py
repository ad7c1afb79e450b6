"""A face that never changes while it moves is a picture; any other may be a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.stages.control import ControlSettings
from schemas.tracks import Tracked
from tests.pipeline.stages.figure_controls import FULL, controlled
from tests.rejected import reason_of
from tests.tracked import tracked_of


def portrait(flex: float, speed: float) -> Tracked:
    """A figure whose face changes by `flex` in half a second and goes aside by `speed` widths a frame."""
    tracked = tracked_of(FULL)
    face, num = tracked.face, tracked.clip.num_frames
    box = np.repeat(face.box[:1], num, axis=0)
    width = box[0, 2] - box[0, 0]
    aside = np.arange(num)[:, None] * speed * width * np.array([1, 0, 1, 0])
    changes = np.where(np.arange(num) < 12, 0, flex)
    face = replace(face, box=(box + aside).astype(np.float32), flex=changes.astype(np.float32))
    return replace(tracked, face=face)


def test_a_face_that_never_changes_while_it_moves_is_a_reject() -> None:
    assert reason_of(lambda: controlled(portrait(0.02, 0.02))) == "still_face"


@pytest.mark.parametrize(("flex", "speed"), [(0.05, 0.02), (0.02, 0.002), (0.0, 0.02)])
def test_others_are_kept(flex: float, speed: float) -> None:
    assert controlled(portrait(flex, speed)).clip.num_frames == FULL.num_frames


def test_the_setting_keeps_all() -> None:
    assert controlled(portrait(0.02, 0.02), ControlSettings(min_flex=0.0))
