from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from jobs.synthetic.acted import acted, views
from jobs.synthetic.film import cast, frames, sound
from jobs.synthetic.scenery import Board
from jobs.synthetic.take import random_actor
from jobs.synthetic.visible import NOBODY, part_maps
from tests.jobs.synthetic.takes import take_of


def test_the_same_take_has_the_same_bytes_and_another_seed_others(kept):
    take = take_of("dance", num_frames=2)
    first = frames(cast(take, kept))
    np.testing.assert_array_equal(first, frames(cast(take, kept)))
    assert first.shape == (2, 160, 120, 3)
    assert not np.array_equal(first[0], first[1])
    actor = replace(take.actors[0], seed=8)
    assert not np.array_equal(first, frames(cast(replace(take, actors=(actor,)), kept)))


def test_an_open_shutter_blurs_what_moves_and_nothing_else(kept):
    take = replace(take_of("wave", num_frames=3, fps=12.0), camera_path="still")
    sharp = frames(cast(take, kept))
    blurred = frames(cast(replace(take, shutter=1.0, exposures=5), kept))
    changed = np.abs(sharp.astype(int) - blurred).max(axis=(0, 3)) > 8
    moved = np.abs(np.diff(sharp.astype(int), axis=0)).max(axis=(0, 3)) > 8
    assert changed.sum() > 30
    assert not changed[:, :20].any()  # the wall
    assert moved.sum() > 30


def test_a_board_in_front_hides_and_one_behind_does_not(kept):
    take = take_of("stand", num_frames=1)
    board = Board(left=-1, right=1, top=0.1, bottom=2, away=1.2, colour=(1, 0, 0))
    plain, hidden, behind = (
        frames(cast(replace(take, boards=boards), kept))[0]
        for boards in ((), (board,), (replace(board, away=4.2),))
    )
    red = (hidden[..., 0] > 150) & (hidden[..., 1] < 40)
    top = np.flatnonzero(red.any(axis=1)).min()
    assert top == pytest.approx(take.camera.pixels(np.array([0, 0.1, 1.2]))[1], abs=1.5)
    assert red[top + 1 :].all()
    body = np.abs(plain.astype(int) - behind).max(axis=-1)
    assert body[:, 55:65][90:].max() < body.max()  # the legs stand before it


def test_of_two_people_the_nearer_is_shown_as_if_alone_and_the_farther_beside_it(kept):
    take = take_of("stand", num_frames=1)
    other = replace(random_actor(7, "stand"), beside_m=0.15, behind_m=0.8)
    two = cast(replace(take, actors=(*take.actors, other)), kept)
    alone, both = frames(cast(take, kept))[0].astype(int), frames(two)[0].astype(int)
    acts = [
        acted(two.take, actor, who, np.zeros(1))
        for actor, who in zip(two.take.actors, two.people, strict=True)
    ]
    near, far = part_maps(two, acts, take.camera, views(take, np.zeros(1))[0], 0)
    inside = cv2.erode((near != NOBODY).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    np.testing.assert_array_equal(alone[inside], both[inside])
    assert (far != NOBODY).sum() > 300
    assert np.abs(alone - both)[far != NOBODY].mean() > 15


def test_the_sound_lasts_as_long_as_the_pictures_and_is_silent_where_nobody_speaks(kept):
    take = take_of("talk", num_frames=36, speaks=True)
    assert len(sound(take)) == 24_000
    assert np.abs(sound(take)).max() > 2000
    assert not sound(take_of("talk", num_frames=36)).any()
