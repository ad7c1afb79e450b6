"""Small files of people that were once told wrongly, through the stack up to the controls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.fates import Fates


@pytest.fixture(scope="module")
def fates() -> Fates:
    return Fates()


def test_figure_whose_head_is_blurred_is_not_told_with_its_sides_exchanged(
    shared: Path, fates: Fates
) -> None:
    case = shared / "cases" / "face_blurred_for_privacy__called_back_view_sides_swapped.mp4"
    assert fates.of(case)[-1] == "0 no_person"
