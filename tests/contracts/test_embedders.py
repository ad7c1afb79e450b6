"""What every image embedder promises: one unit vector a picture, no memory, the same bytes twice."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from schemas.tracks import EstimatorCard


@pytest.fixture(scope="module")
def pictures():
    photos = (skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket())
    return np.stack([photo[:224, 100:324] for photo in photos])


@pytest.fixture
def embed(embedder):
    return embedder.build()


def test_every_picture_has_a_vector_of_unit_length(embed, pictures):
    vectors = embed(pictures).vectors
    assert len(vectors) == len(pictures)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_pictures_have_no_vectors_of_the_same_width(embed, pictures):
    assert embed(pictures[:0]).vectors.shape == (0, embed(pictures).vectors.shape[1])


def test_the_same_picture_is_nearest_to_itself(embed, pictures):
    vectors = embed(pictures).vectors
    lighter = embed((pictures.astype(float) * 1.03).clip(0, 255).astype(np.uint8)).vectors
    assert np.argmax(vectors @ lighter.T, axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("value", [0, 255])
def test_an_empty_picture_has_a_vector_too(embed, value):
    vectors = embed(np.full((1, 50, 60, 3), value, np.uint8)).vectors
    np.testing.assert_allclose(np.linalg.norm(vectors), 1, atol=1e-5)


def test_asked_again_after_other_pictures_the_answer_is_the_same(embed, pictures):
    first = embed(pictures).vectors
    embed(pictures[::-1])
    assert embed(pictures).vectors.tobytes() == first.tobytes()


def test_built_again_the_answer_is_the_same(embedder, pictures):
    assert embedder.build()(pictures).vectors.tobytes() == embedder.build()(pictures).vectors.tobytes()


def test_pictures_are_only_read(embed, pictures):
    frozen = pictures.copy()
    frozen.flags.writeable = False
    embed(frozen)
    np.testing.assert_array_equal(frozen, pictures)


def test_the_card_is_filled_in(embed):
    card = embed.card
    assert isinstance(card, EstimatorCard)
    assert card.name
    assert card.version
    assert card.licence
    assert len(card.weights_sha256) in (0, 64)
