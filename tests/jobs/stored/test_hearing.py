"""The encoder of speech is chosen when a run begins, and no other goes on with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.recipes.training import RECIPES
from jobs.stored.hearing import with_hearing
from model.train.settings import unlike
from tests.model.nets.pretrained.small_networks import save_speech_encoder


def test_a_run_takes_the_sizes_of_its_encoder_and_refuses_another(tmp_path: Path) -> None:
    plain = RECIPES["speech_tiny"]()
    assert with_hearing(plain) is plain
    folder = save_speech_encoder("wav2vec2", tmp_path / "first")
    begun = with_hearing(replace(plain, hearing=folder))
    assert (begun.sizes.speech.bands, begun.sizes.speech.step_ms) == (24, 20)
    assert len(begun.sizes.speech.encoder) == 64
    assert with_hearing(begun) == begun

    moved = replace(begun, hearing=folder.rename(tmp_path / "moved"))
    assert with_hearing(moved) == moved
    assert not unlike(begun.as_plain(), moved, 0, 1), "a folder may move"
    assert unlike(plain.as_plain(), begun, 0, 1), "what is heard may not change"
    other = save_speech_encoder("hubert", tmp_path / "other")
    with pytest.raises(ValueError, match="another encoder of speech than the one that the run began with"):
        with_hearing(replace(begun, hearing=other))
    with pytest.raises(ValueError, match="give its folder by --settings"):
        replace(begun, hearing=None)
