"""Drawing gives the committed pictures, pixel for pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from schemas.version import DRAWING
from tests.golden.cases import FOLDER, cases

CASES = cases()


def test_these_pictures_belong_to_this_version_of_the_rules():
    assert DRAWING == 1


@pytest.mark.parametrize("name", CASES)
def test_picture_is_the_golden_one(name):
    golden = cv2.imread(str(FOLDER / f"{name}.png"))
    assert golden is not None
    np.testing.assert_array_equal(CASES[name], golden[..., ::-1])


def test_every_golden_picture_has_a_case():
    assert {path.stem for path in FOLDER.glob("*.png")} == set(CASES)
