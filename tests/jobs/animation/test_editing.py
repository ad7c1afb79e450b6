"""Bones measured on an edited picture: which edit is taken, and how often one is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jobs.animation.editing import SEEDS, SENTENCE, EditScore, canonical, head_of, kept
from model.sample.pixels import Pictures
from pipeline.estimators.appearance.colours import ColourLayout
from schemas.controls import Controlled
from tests.jobs.animation.test_second_pass import LOOK, controlled
from tests.synth import Scene

STANDING = controlled(Scene(width=480, height=640, num_frames=25, turn_deg=(0.0, 0.0)))
PATH = Path("person.png")
ALIKE = np.ascontiguousarray(LOOK.transpose(1, 0, 2))


class Painter:
    """Gives one of some pictures by the seed, and counts."""

    def __init__(self, *pictures: Pictures) -> None:
        self.pictures, self.asked = pictures, [0]
        self.digest = f"painter of {[picture.mean() for picture in pictures]}"

    def __call__(self, picture: Pictures, sentence: str, seed: int, /) -> Pictures:
        assert sentence == SENTENCE
        self.asked.append(seed)
        return self.pictures[min(seed, len(self.pictures) - 1)]


def people(*seen: Controlled | None) -> Any:
    """Sees these persons in the pictures that it is shown, one after the other, the last again and again."""
    left = list(seen)

    def still(_: Pictures, __: Path) -> Controlled:
        found = left.pop(0) if len(left) > 1 else left[0]
        if found is None:
            raise ValueError("nobody")
        return found

    return SimpleNamespace(
        still=still,
        estimate=SimpleNamespace(estimators=SimpleNamespace(appearance=ColourLayout().build())),
    )


def with_head(size: float) -> Controlled:
    """The person with a head of so many times the size."""
    own = STANDING.controls
    return replace(STANDING, controls=replace(own, head_radius=own.head_radius * np.float32(size)))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def measured(editor: Painter, *seen: Controlled | None) -> tuple[Controlled | None, str]:
    """Whose controls are measured, and what is said."""
    said: list[str] = []
    figure = canonical(ALIKE, STANDING, editor, people(*seen), PATH, said.append)
    (line,) = said
    found = [one for one in seen if one and figure and one.controls is figure.controls]
    return (found[0] if found else None), line


def test_lengths_are_measured_on_an_edit_that_shows_the_person_whole_and_alike() -> None:
    bent = with_head(1.05)
    assert measured(Painter(ALIKE), bent) == (
        bent,
        "person.png: lengths are measured on edit 1 of 4, alike by 1.00",
    )


def test_edits_that_shrink_the_head_show_nobody_or_somebody_else_are_not_taken() -> None:
    small, fine = with_head(0.8), with_head(0.95)
    assert measured(Painter(ALIKE), small, None, fine)[0] is fine
    hidden = STANDING.controls.joints_score.copy()
    hidden[:, :8] = 0.1
    unseen = replace(STANDING, controls=replace(STANDING.controls, joints_score=hidden))
    for editor, shown in ((Painter(ALIKE), unseen), (Painter(255 - ALIKE), STANDING)):
        found, line = measured(editor, shown)
        assert found is None
        assert (
            line
            == "person.png: none of 4 edits shows the person whole and alike; the picture itself is measured"
        )


def test_what_an_edit_has_to_keep() -> None:
    fine = EditScore(seen=0.8, similarity=0.9, head=0.05)
    assert fine.taken
    assert not replace(fine, seen=0.4).taken
    assert not replace(fine, similarity=0.5).taken
    assert not replace(fine, head=0.2).taken
    assert head_of(with_head(1.2)) == pytest.approx(1.2 * head_of(STANDING), rel=1e-5)


def test_an_edit_is_made_once_for_each_picture_editor_and_seed() -> None:
    editor, other = Painter(ALIKE), Painter(ALIKE)
    other.digest = "another"
    for _ in range(2):
        for seed in range(SEEDS):
            assert np.array_equal(kept(ALIKE, editor, seed), ALIKE)
    assert editor.asked == [0, *range(SEEDS)]
    kept(255 - ALIKE, editor, 0)
    assert editor.asked[-1] == 0
    kept(ALIKE, other, 0)
    assert other.asked == [0, 0]
