"""Where stretches of a scanned source begin."""

from __future__ import annotations

import numpy as np

from pipeline.shots.looks import borders, odd_frames, standing
from tests.pipeline.shots.made import scanned, shot, through


def test_a_picture_that_stands_for_too_long_is_a_stretch_of_its_own() -> None:
    moving = shot(1, 90, speed_px=4)
    found = scanned(np.concatenate([moving[:30], np.repeat(moving[29:30], 40, axis=0), moving[30:]]))
    still = np.flatnonzero(standing(found, 130 / 25, 0.75))
    assert (still[0], still[-1]) == (29, 69)
    assert np.flatnonzero(borders(found, 130 / 25, 0.75)).tolist() == [29, 70]
    assert not borders(found, 130 / 25, 2.0).any()


def test_a_transition_is_one_stretch() -> None:
    found = scanned(through(shot(1, 90), shot(2, 90), 40, 10))
    mixed = np.flatnonzero(found.is_mixed)
    assert np.flatnonzero(borders(found, 90 / 25, 0.75)).tolist() == [mixed[0], mixed[-1] + 1]


def test_odd_frames_are_told_on_the_clock() -> None:
    frames = shot(1, 60)
    frames[25] = 255
    found = scanned(frames)
    assert odd_frames(found, 0, 57) == (24,)  # frame 24 is at 1.0 s, as picture 25
    assert odd_frames(found, 25, 57) == ()
