"""Stretches of a source learn how far their faces are apart, and land without what told it."""

from __future__ import annotations

from dataclasses import fields, replace

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
    faces = np.atleast_2d(face)
    frames = np.array([(40 * place, 40 * place + 30) for place in range(len(faces))], np.int32)
    return Estimated(**told, face_vectors=faces, face_frames=frames.reshape(-1, 2))


def test_distances_are_those_of_the_source_in_the_order_of_keys() -> None:
    turned = np.array([0.6, 0.8], np.float32)
    items = [estimated(BERT, 60), estimated(ANNA, 0), estimated(turned, 30), estimated(BERT, 0, "f" * 12)]
    landed = acquaint(items)
    assert [one.key for one in landed] == [one.key for one in items], "the order stays"
    third, first, second, other = (one.identity[0] for one in landed)
    assert [one.place for one in (first, second, third, other)] == [0, 1, 2, 0]
    expected = [0, np.sqrt(0.8), np.sqrt(2)]
    assert first.distance == pytest.approx(expected, abs=0.5 / 256)
    assert third.distance[1] == second.distance[2]
    assert other.distance.tolist() == [0]


def test_no_face_is_no_distance() -> None:
    first, second = (one.identity[0] for one in acquaint([estimated(ANNA, 0), estimated(NOBODY, 30)]))
    assert first.known
    assert not second.known
    assert np.isnan(first.distance[1])
    assert np.isnan(second.distance).all()


def test_a_clip_of_two_stretches_is_told_twice_and_one_of_none_never() -> None:
    both, none, one = acquaint(
        [
            estimated(np.stack([ANNA, BERT]), 0),
            estimated(np.zeros((0, 2), np.float32), 60),
            estimated(BERT, 90),
        ]
    )
    assert [face.place for face in (*both.identity, *none.identity, *one.identity)] == [0, 1, 2]
    assert both.identity[1].distance[2] == 0
    assert [face.frames for face in both.identity] == [(0, 30), (40, 70)]


def test_what_is_known_stays() -> None:
    known = acquaint([estimated(ANNA, 0), estimated(BERT, 30)])
    again = [
        replace(estimated(NOBODY[:0][None], place), identity=one.identity)
        for place, one in ((0, known[0]), (30, known[1]))
    ]
    assert [one.identity for one in acquaint(again)] == [one.identity for one in known]


def test_last_bits_of_a_network_change_nothing() -> None:
    near = ANNA + np.array([1e-6, 1e-5], np.float32)
    for one, other in zip(
        acquaint([estimated(ANNA, 0), estimated(BERT, 30)]),
        acquaint([estimated(near, 0), estimated(BERT, 30)]),
        strict=True,
    ):
        np.testing.assert_array_equal(one.identity[0].distance, other.identity[0].distance)


def test_vectors_do_not_land() -> None:
    (landing,) = acquaint([estimated(ANNA, 0)])
    assert not {"face_vectors", "face_frames"} & set(encode([landing], Tracked).column_names)
    with pytest.raises(TypeError, match="expected Tracked, got Estimated"):
        encode([estimated(ANNA, 0)], Tracked)
