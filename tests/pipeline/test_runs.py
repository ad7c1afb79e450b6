from __future__ import annotations

import numpy as np
import pytest

from pipeline.runs import runs


@pytest.mark.parametrize(
    ("mask", "expected"),
    [("", []), ("..", []), ("xx", [(0, 2)]), (".x..xx", [(1, 2), (4, 6)]), ("x.x", [(0, 1), (2, 3)])],
)
def test_stretches_are_told_by_their_ends(mask: str, expected: list[tuple[int, int]]) -> None:
    assert runs(np.array([letter == "x" for letter in mask], np.bool_)) == expected
