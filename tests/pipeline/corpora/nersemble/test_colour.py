"""Colour matrices the right way around: known answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.corpora.nersemble.colour import (
    POLYNOMIALS,
    ColourMatrix,
    colour_matrix,
    decoded,
    encoded,
    expanded,
)
from tests.nersemble import affine_of

LINEAR = np.array([0.17224810, 0.09170660, 0.06416938])
MATRIX = np.array(
    [
        [1.05263767, 0.13780789, -0.22763399],
        [0.07395843, 1.02939945, -0.1060115],
        [0.05725508, -0.20526336, 1.10151945],
    ]
)
"""The published example of colour-science's `apply_matrix_colour_correction_Cheung2004`."""


def test_a_row_of_the_matrix_is_a_channel_that_comes_out() -> None:
    result = expanded(LINEAR, 3) @ MATRIX.T
    np.testing.assert_allclose(result, [0.1793456, 0.1003392, 0.0617218], atol=1e-7)


def test_terms_are_those_of_the_paper() -> None:
    r, g, b = 0.5, 0.25, 2.0
    for terms, names in POLYNOMIALS.items():
        assert len(names) == len(set(names)) == terms
    found = expanded(np.array([r, g, b]), 11)
    np.testing.assert_allclose(found, [r, g, b, r * g, r * b, g * b, r * r, g * g, b * b, r * g * b, 1])
    cubes = expanded(np.array([r, g, b]), 20)[10:]
    np.testing.assert_allclose(
        cubes, [r * r * g, g * g * b, b * b * r, r * r * b, g * g * r, b * b * g, r**3, g**3, b**3, 1]
    )


def test_light_is_linear_in_between() -> None:
    values = np.linspace(0, 1, 256)
    np.testing.assert_allclose(encoded(decoded(values)), values, atol=1e-7)
    assert float(decoded(np.array(0.5))) == pytest.approx(0.21404114)


def test_a_polynomial_is_applied_to_light() -> None:
    """Half the light is 188 of 255, not 128."""
    white = np.full((1, 2, 2, 3), 255, np.uint8)
    result = ColourMatrix("polynomial", 0.5 * np.eye(3)).corrected(white)
    assert (result == 188).all()


def test_an_affine_matrix_multiplies_rows_and_adds_its_last_column(tmp_path: Path) -> None:
    told = np.array([[0.5, 0.25, 0, 0.1], [0, 1, 0, 0.2], [0, 0, 1, 0.0]])
    np.save(tmp_path / "1.npy", told)
    red = np.zeros((1, 1, 1, 3), np.uint8)
    red[..., 0] = 255
    result = colour_matrix(tmp_path / "1.npy", "1").corrected(red)[0, 0, 0]
    assert result.tolist() == [round(255 * 0.6), round(255 * 0.45), 0], "red @ told[:, :3] is its first row"


@pytest.mark.parametrize("terms", sorted(POLYNOMIALS))
def test_the_identity_changes_nothing(terms: int) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    same = ColourMatrix("polynomial", np.eye(3, terms)).corrected(pictures)
    assert (same == pictures).all()


def test_what_no_matrix_is_told(tmp_path: Path) -> None:
    every = tmp_path / "color_calibration.json"
    every.write_text(json.dumps({"1": np.eye(3).tolist(), "2": np.eye(3, 6).tolist(), "3": "red"}))
    assert colour_matrix(every, "1").rule == "polynomial"
    for serial, message in (
        ("2", r"\(3, 6\), 3 by 3 or 4 or 5"),
        ("3", "could not convert"),
        ("4", "no matrix of camera 4"),
    ):
        with pytest.raises(ValueError, match=message):
            colour_matrix(every, serial)
    np.save(tmp_path / "a.npy", np.eye(3))
    np.save(tmp_path / "b.npy", np.full((3, 4), np.nan))
    (tmp_path / "c.npy").write_bytes(b"no array")
    for name, message in (("a", r"\(3, 3\), 3 by 4 is read"), ("b", "no numbers"), ("c", "c.npy")):
        with pytest.raises(ValueError, match=message):
            colour_matrix(tmp_path / f"{name}.npy", "1")
    np.save(tmp_path / "d.npy", affine_of("222200037"))
    assert colour_matrix(tmp_path / "d.npy", "1").rule == "affine"
