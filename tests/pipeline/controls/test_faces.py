"""Heads of one size, and others: which are kept is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.controls.faces import heads_that_fit
from pipeline.stages.control import Control, ControlSettings
from schemas.tracks import Tracked
from tests.synth import Scene
from tests.tracked import tracked_of, without

FRONT = Scene(width=640, height=960, turn_deg=(0.0, 0.0))


def resized(tracked: Tracked, frames: slice, times: float) -> Tracked:
    radius = tracked.head.radius.copy()
    radius[frames] *= times
    return replace(tracked, head=replace(tracked.head, radius=radius))


@pytest.mark.parametrize(
    ("times", "kept"), [(2.4, False), (1.5, False), (1.3, True), (0.75, True), (0.6, False)]
)
def test_face_of_another_size_than_the_clips_is_none(times: float, kept: bool) -> None:
    tracked = resized(tracked_of(FRONT), slice(10, 14), times)
    fits = heads_that_fit(tracked.head, tracked.body)
    assert fits[10:14].all() == kept
    assert fits[10:14].any() == kept
    assert np.delete(fits, slice(10, 14)).all()


def test_faces_that_are_too_large_for_any_head_are_none_however_many() -> None:
    tracked = resized(tracked_of(FRONT), slice(0, 40), 2.4)
    fits = heads_that_fit(tracked.head, tracked.body)
    np.testing.assert_array_equal(np.flatnonzero(fits), np.arange(40, 48))


def test_large_head_of_a_small_child_is_one() -> None:
    tracked = resized(tracked_of(FRONT), slice(0, 48), 1.9)
    assert heads_that_fit(tracked.head, tracked.body).all()


def test_person_who_comes_nearer_keeps_the_face() -> None:
    tracked = tracked_of(FRONT)
    nearer = np.linspace(3, 1, 48, dtype=np.float32)
    body = replace(tracked.body, joints3d=tracked.body.joints3d * (nearer / np.float32(3))[:, None, None])
    head = replace(tracked.head, radius=tracked.head.radius * 3 / nearer)
    assert heads_that_fit(head, body).all()


def test_without_a_body_a_head_is_compared_with_those_around() -> None:
    tracked = resized(without(tracked_of(FRONT), "body", slice(None)), slice(20, 23), 2.0)
    fits = heads_that_fit(tracked.head, tracked.body)
    np.testing.assert_array_equal(np.flatnonzero(~fits), [20, 21, 22])


def test_false_face_is_neither_cut_out_nor_sizes_the_sphere() -> None:
    tracked = tracked_of(FRONT)
    (whole,) = Control(ControlSettings())(tracked)
    (made,) = Control(ControlSettings())(resized(tracked, slice(20, 26), 2.4))
    assert not made.controls.face_valid[20:26].any()
    assert not made.controls.head_valid[20:26].any()
    np.testing.assert_allclose(made.controls.head_radius, whole.controls.head_radius, rtol=0.02)
