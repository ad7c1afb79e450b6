"""Stretches of a source learn how far their faces are apart, and land without what told it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.stages.acquaint import acquaint
from schemas.arrow import encode
from schemas.tracks import Estimated, Tracked
from tests.synth import Scene
from tests.tracked import SOURCE_KEY, tracked_of

SCENE = Scene(num_frames=26)
ANNA, BERT = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
NOBODY = np.zeros(2, np.float32)


def estimated(face: NDArray[np.float32], first_frame: int, source_key: str = SOURCE_KEY) -> Estimated:
    made = tracked_of(SCENE, first_frame, source_key)
    told = {field.name: getattr(made, field.name) for field in fields(Tracked)}
    return Estimated(**told, face_vector=face)


def test_distances_are_those_of_the_source_in_the_order_of_keys() -> None:
    turned = np.array([0.6, 0.8], np.float32)
    items = [estimated(BERT, 60), estimated(ANNA, 0), estimated(turned, 30), estimated(BERT, 0, "f" * 12)]
    first, second, third, other = acquaint(items)
    assert [one.clip.first_frame for one in (first, second, third, other)] == [0, 30, 60, 0]
    assert [one.identity.place for one in (first, second, third, other)] == [0, 1, 2, 0]
    expected = [0, np.sqrt(0.8), np.sqrt(2)]
    assert first.identity.distance == pytest.approx(expected, abs=0.5 / 256)
    assert third.identity.distance[1] == second.identity.distance[2]
    assert other.identity.distance.tolist() == [0]


def test_no_face_is_no_distance() -> None:
    first, second = acquaint([estimated(ANNA, 0), estimated(NOBODY, 30)])
    assert first.identity.known
    assert not second.identity.known
    assert np.isnan(first.identity.distance[1])
    assert np.isnan(second.identity.distance).all()


def test_last_bits_of_a_network_change_nothing() -> None:
    near = ANNA + np.array([1e-6, 1e-5], np.float32)
    for one, other in zip(
        acquaint([estimated(ANNA, 0), estimated(BERT, 30)]),
        acquaint([estimated(near, 0), estimated(BERT, 30)]),
        strict=True,
    ):
        np.testing.assert_array_equal(one.identity.distance, other.identity.distance)


def test_vectors_do_not_land() -> None:
    (landing,) = acquaint([estimated(ANNA, 0)])
    assert "face_vector" not in encode([landing], Tracked).column_names
    with pytest.raises(TypeError, match="expected Tracked, got Estimated"):
        encode([estimated(ANNA, 0)], Tracked)
