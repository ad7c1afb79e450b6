"""Files that were once told wrongly: what must become of each, up to the screen or up to the controls.

Right values stand in the README of the cases; what is kept was looked at, on sheets, before it was believed.
Two people never lie in one clip, and a transition in none; a flash costs nothing but itself, a stream that is
waited for only the wait. Pictures and statues are nobody who lives, a photograph on a wall is no second
person. What is too small for the canvas is so by its size.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from media.sound import clip_sound
from tests.house.fates import Fates

CUT = {
    "animate_driver_with_a_cut_between_two_people.mp4": ["0 too_small", "37 too_small", "no clips"],
    "buffering_freeze_48_of_98_pictures__kept.mp4": ["0 too_short", "20 frozen", "58 too_short", "no clips"],
    "camera_flash_each_second__whole_video_too_short.mp4": ["clips 0+120"],
    "cartoon_boy__kept.mp4": ["clips 0+36"],
    "face_blurred_for_privacy__called_back_view_sides_swapped.mp4": ["clips 0+61"],
    "fade_through_black_24+24__dark_frames_inside_both_clips.mp4": ["26 transition", "clips 0+26 78+26"],
    "fade_through_white_12+12__not_cut.mp4": ["28 transition", "clips 0+28 54+27"],
    "h264_bframes_in_avi__rejected_times_go_back.avi": ["clips 0+29"],
    "h264_bframes_in_avi_with_counter_and_clicks.avi": [
        *(f"{first} too_small" for first in (0, 62, 123, 185, 246)),
        "no clips",
    ],
    "interlaced_30i_tff__combs_stored.mp4": ["clips 0+40"],
    "interlaced_dvd_mpeg2__combs_stored.mpg": ["clips 0+40"],
    "letterboxed_in_square__bars_stored.mp4": ["clips 0+48"],
    "painting_square_480__head_cut_off_at_canvas_24576.mp4": ["clips 0+36"],
    "poster_with_a_face__rejected_several_people.mp4": ["clips 0+40"],
    "statue_under_moving_camera__kept.mp4": ["clips 0+36"],
    "stereo_opposite_phase__audio_flac_all_zero.mp4": ["clips 0+32"],
    "wipe_12_frames__not_cut.mp4": ["26 transition", "clips 0+26 45+25"],
}
"""What the screen lets pass: cheap to tell of all files."""

ESTIMATED = {
    "cartoon_boy__kept.mp4": "0 still_face",
    "face_blurred_for_privacy__called_back_view_sides_swapped.mp4": "0 no_person",
    "interlaced_dvd_mpeg2__combs_stored.mpg": "0+40 full",
    "poster_with_a_face__rejected_several_people.mp4": "0+40 half",
    "statue_under_moving_camera__kept.mp4": "0 still_face",
}
"""What the estimators make of those that they told wrongly."""


@pytest.fixture(scope="module")
def fates() -> Fates:
    return Fates()


def test_the_table_has_every_file(shared: Path) -> None:
    films = {path.name for path in (shared / "cases").iterdir() if path.suffix in (".mp4", ".avi", ".mpg")}
    assert films == set(CUT)


@pytest.mark.parametrize("name", CUT)
def test_what_passes_the_screen(shared: Path, fates: Fates, name: str) -> None:
    assert fates.cut(shared / "cases" / name)[0] == CUT[name]


@pytest.mark.parametrize("name", ESTIMATED)
def test_what_the_estimators_make_of_it(shared: Path, fates: Fates, name: str) -> None:
    assert fates.of(shared / "cases" / name)[-1] == ESTIMATED[name]


def test_bars_are_no_part_of_the_canvas(shared: Path, fates: Fates) -> None:
    _, (clip,) = fates.cut(shared / "cases" / "letterboxed_in_square__bars_stored.mp4")
    x0, y0, x1, y1 = clip.window
    assert (x0, x1) == (0, 640)
    assert 140 <= y0 <= 144
    assert 496 <= y1 <= 500


def test_flashes_are_told(shared: Path, fates: Fates) -> None:
    _, (clip,) = fates.cut(shared / "cases" / "camera_flash_each_second__whole_video_too_short.mp4")
    assert len(clip.odd_frames) == 5


def test_a_change_of_person_that_no_cut_tells_ends_the_clip(shared: Path, fates: Fates) -> None:
    """The wipe as one clip, as if its pictures had told nothing."""
    _, (first, second) = fates.cut(shared / "cases" / "wipe_12_frames__not_cut.mp4")
    whole = replace(first, num_frames=second.first_frame + second.num_frames)
    kept = [fate.split()[0].split("+") for fate in fates.estimated([whole])]
    assert kept
    for place, length in kept:
        assert int(place) + int(length) < second.first_frame or int(place) > first.num_frames, kept


def test_channels_that_cancel_are_heard(shared: Path, fates: Fates) -> None:
    _, (clip,) = fates.cut(shared / "cases" / "stereo_opposite_phase__audio_flac_all_zero.mp4")
    assert abs(clip_sound(clip).astype(int)).max() > 1000
