"""A finished run says what it is for: by video, and by sound where it has learned to speak or could."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from dataset.index import read_index
from jobs.recipes.training import RECIPES
from jobs.recipes.training import Name as Recipe
from jobs.stored.uses import tell_uses
from model.data.mixture import MixedSamples

VIDEO = "next: understudy animate --run 'my run' --reference PICTURE --driving VIDEO --out video.mp4"
SOUND = "by sound: understudy animate --run 'my run' --reference PICTURE --speech SOUND --out spoken.mp4"
ON = "its set has sound: understudy train --out 'my run' --recipe speech_tiny"


@pytest.mark.parametrize(
    ("recipe", "sound", "said"),
    [("tiny", False, [VIDEO]), ("tiny", True, [VIDEO, ON]), ("speech_tiny", True, [VIDEO, SOUND])],
)
def test_by_video_and_by_sound(data_set: Path, capsys, recipe: Recipe, sound: bool, said: list[str]) -> None:
    index = read_index(data_set)
    heard = (index.table["has_audio"].to_numpy() & (index.table["face_ratio"].to_numpy() > 0)).nonzero()[0]
    assert len(heard)
    samples = MixedSamples((index.rows_at(heard if sound else heard[:0]),))
    tell_uses(Console(width=40), Path("my run"), recipe, RECIPES[recipe](), samples)
    assert capsys.readouterr().out.splitlines() == said
