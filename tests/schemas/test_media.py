"""Clips on the clock of 24 fps."""

from __future__ import annotations

from dataclasses import replace

from tests.synth import Scene
from tests.tracked import clip_of


def test_a_clip_begins_and_ends_in_seconds_of_its_source() -> None:
    clip = replace(clip_of(Scene()), first_frame=36, num_frames=60)
    assert (clip.start_s, clip.stop_s, clip.duration_s) == (1.5, 4.0, 2.5)
