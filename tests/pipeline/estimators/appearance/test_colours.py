"""Colours above and below: near for the same clothes, far for others, whatever the pose."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.appearance.colours import ColourLayout, colour_shares
from tests.paint import frames_of
from tests.synth import Scene


@pytest.fixture(scope="module")
def embed():
    return ColourLayout().build()


def plain(above, below=None):
    picture = np.empty((32, 32, 3), np.uint8)
    picture[:16], picture[16:] = above, above if below is None else below
    return picture


def likeness(embed, *pictures):
    vectors = embed(np.stack(pictures)).vectors
    return vectors @ vectors.T


def test_shares_of_each_half_sum_to_one():
    random = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    shares = colour_shares(random)
    assert shares.shape == (1024,)
    np.testing.assert_allclose(shares.reshape(2, -1).sum(axis=1), 1)


def test_grey_lies_in_the_cells_of_its_lightness():
    """White is L = 100, a = b = 0: the last of 8 cells of L, half-way between the middle two of a and b."""
    shares = colour_shares(plain((255, 255, 255))).reshape(2, 8, 8, 8)
    np.testing.assert_allclose(shares[:, 7, 3:5, 3:5], 0.25, atol=1e-3)


def test_vectors_are_of_unit_length(embed):
    pictures = np.random.default_rng(1).integers(0, 256, (3, 64, 48, 3), np.uint8)
    np.testing.assert_allclose(np.linalg.norm(embed(pictures).vectors, axis=1), 1, atol=1e-6)


def test_other_colours_are_far_and_a_little_more_light_is_near(embed):
    red, light, blue = plain((180, 40, 40)), plain((186, 43, 43)), plain((40, 40, 180))
    found = likeness(embed, red, light, blue)
    assert found[0, 1] > 0.95
    assert found[0, 2] < 0.05


def test_head_and_clothes_are_not_confused(embed):
    white, black = (230, 230, 230), (20, 20, 20)
    found = likeness(embed, plain(white, black), plain(black, white), plain(white, white))
    assert found[0, 1] < 0.05
    assert found[0, 2] == pytest.approx(0.5, abs=0.05)


def test_the_background_at_the_sides_counts_little(embed):
    person = plain((200, 160, 140), (40, 60, 120))
    elsewhere = person.copy()
    elsewhere[:, :4] = elsewhere[:, -4:] = (0, 255, 0)
    covered = person.copy()
    covered[:, 12:20] = (0, 255, 0)
    found = likeness(embed, person, elsewhere, covered)
    assert found[0, 1] > 0.97
    assert found[0, 2] < 0.85


def test_size_of_the_picture_does_not_matter(embed):
    picture = np.random.default_rng(2).integers(0, 256, (8, 8, 3), np.uint8)
    small = np.kron(picture, np.ones((8, 8, 1), np.uint8))
    large = np.kron(picture, np.ones((32, 32, 1), np.uint8))
    np.testing.assert_allclose(embed(small[None]).vectors, embed(large[None]).vectors, atol=1e-3)


def test_a_turning_figure_stays_nearer_to_itself_than_to_one_in_other_clothes(embed):
    turning = frames_of(Scene(width=160, height=240, framing="half", num_frames=8, turn_deg=(0, 360)))
    other = frames_of(
        Scene(width=160, height=240, framing="half", num_frames=8, turn_deg=(0, 360), appearance=1)
    )
    found = likeness(embed, *turning[:, 20:180], *other[:, 20:180])
    assert found[:8, :8].min() > found[:8, 8:].max()
