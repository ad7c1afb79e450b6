"""Conditions on an index, as a person writes them, and what is refused with the nearest column."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from dataset.conditions import Condition, condition_of
from dataset.index import read_index


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("face_ratio<0.5", Condition("face_ratio", "<", 0.5)),
        (" frames >= 49 ", Condition("frames", ">=", 49.0)),
        ("licence!=CC BY 4.0", Condition("licence", "!=", "CC BY 4.0")),
        ("has_audio=yes", Condition("has_audio", "=", True)),
    ],
)
def test_what_a_text_says(text: str, condition: Condition) -> None:
    assert condition_of(text) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("face_rato<1", "no column 'face_rato'; did you mean face_ratio?"),
        ("face_ratio", "is no condition: write one as"),
        ("face_ratio<few", "'few' is no number"),
        ("framing<full", "framing is no number: compare it by = or !="),
        ("has_audio=perhaps", "has_audio is yes or no"),
    ],
)
def test_what_says_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        condition_of(text)


def test_an_index_keeps_the_samples_for_which_all_hold(data_set: Path) -> None:
    index = read_index(data_set)
    frames, framing = index.values("frames"), index.values("framing")
    least = int(np.median(frames))
    kept = index.where([f"frames>={least}", "framing=full"])
    expected = [
        row.key for row, f, w in zip(index.rows(), frames, framing, strict=True) if f >= least and w == "full"
    ]
    assert [row.key for row in kept.rows()] == expected
    assert 0 < len(kept) < len(index)
    assert len(index.where([])) == len(index)
    assert len(index.where(["has_audio=yes"])) == sum(row.has_audio for row in index.rows())
    with pytest.raises(ValueError, match=r"no sample of \d+ is one where framing=full and framing=half"):
        index.where(["framing=full", "framing=half"])
