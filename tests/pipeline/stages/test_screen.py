"""Each gate on a made file, and on the boundary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import flow
from pipeline.flow import Curation
from pipeline.shots.scan import SplitSettings
from pipeline.stages.control import ControlSettings
from pipeline.stages.screen import Screen, ScreenSettings
from pipeline.stages.split import Split
from schemas.media import Clip
from schemas.outcome import Rejected
from tests.films import X264, film, probed, street


def clip_of(path: Path) -> Clip:
    (clip,) = Split(SplitSettings())(probed(path))
    return clip


def reason_of(clip: Clip, settings: ScreenSettings | None = None, least_area_px: int = 153_600) -> str:
    with pytest.raises(Rejected) as no:
        list(Screen(settings or ScreenSettings(), least_area_px)(clip))
    return no.value.reason


def test_a_good_clip_passes_unchanged(tmp_path: Path) -> None:
    clip = clip_of(film(tmp_path / "a.mp4", street(40)))
    assert list(Screen(ScreenSettings(), 0)(clip)) == [clip]


@pytest.mark.parametrize(
    ("reason", "num_frames", "filters"),
    [
        ("too_short", 24, "null"),
        ("too_small", 40, "scale=400:300"),
        ("black", 40, "colorlevels=romax=0.04:gomax=0.04:bomax=0.04"),
        ("frozen", 40, "loop=loop=40:size=1,trim=end_frame=40"),
        ("blurred", 40, "gblur=sigma=30"),
    ],
)
def test_each_gate(tmp_path: Path, reason: str, num_frames: int, filters: str) -> None:
    clip = clip_of(film(tmp_path / "a.mp4", street(num_frames), "-vf", filters, *X264))
    assert reason_of(clip) == reason


def test_slow_film_in_fast_film_is_not_frozen_but_slow(tmp_path: Path) -> None:
    slow = clip_of(film(tmp_path / "a.mp4", street(12), "-vf", "fps=24", *X264, fps=8))
    assert reason_of(slow) == "low_rate"
    assert list(Screen(ScreenSettings(min_rate_fps=8), 0)(slow)) == [slow]


@pytest.mark.parametrize(("fps", "passes"), [(12.5, False), (14.985, True), (15, True), (24, True)])
def test_least_rate_is_that_of_the_pictures(tmp_path: Path, fps: float, passes: bool) -> None:
    clip = clip_of(film(tmp_path / "a.mp4", street(30), fps=fps))
    assert clip.look.rate == pytest.approx(fps, rel=0.01)
    if passes:
        assert list(Screen(ScreenSettings(), 0)(clip)) == [clip]
    else:
        assert reason_of(clip) == "low_rate"


def test_the_gates_are_where_the_settings_say(tmp_path: Path) -> None:
    clip = clip_of(film(tmp_path / "a.mp4", street(40)))
    look = clip.look
    assert reason_of(clip, ScreenSettings(min_clip_frames=41)) == "too_short"
    assert list(Screen(ScreenSettings(min_clip_frames=40), 0)(clip))
    assert reason_of(clip, least_area_px=480 * 360 + 1) == "too_small"
    dark = ScreenSettings(min_brightness=look.brightness + 1, min_contrast=look.contrast + 1)
    assert reason_of(clip, dark) == "black"
    assert list(Screen(replace(dark, min_contrast=look.contrast - 1), 0)(clip))  # dark, but something is seen
    still = replace(clip, look=replace(look, frozen=0.81))
    assert reason_of(still) == "frozen"
    assert list(Screen(ScreenSettings(max_frozen_share=0.81), 0)(still))
    assert reason_of(clip, ScreenSettings(min_sharpness=look.sharpness + 1)) == "blurred"


def test_a_smaller_canvas_is_content_with_smaller_pictures() -> None:
    def gate(area: int) -> object:
        return flow.screen(Curation(control=ControlSettings(canvas_area=area))).settings

    assert gate(614_400) == (ScreenSettings(), 153_600)
    assert gate(24_576) == (ScreenSettings(), 6_144)
