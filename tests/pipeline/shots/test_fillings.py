"""Blurred fillings beside a narrow picture are told by borders that stay; nothing else is taken for them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.shots.fillings import blurred_edges, window_inside
from pipeline.shots.looks import window_of
from schemas.media import Frames
from tests.pipeline.shots.made import scanned, shot

LEFT, RIGHT = 50, 111


def detailed(num: int) -> Frames:
    """Pictures (t 90 160 3) of fine detail, which moves."""
    wall = np.random.default_rng(0).integers(20, 235, (90, 160 + 2 * num, 3), np.uint8)
    return np.stack([wall[:, 2 * t : 2 * t + 160] for t in range(num)])


def filled(num: int) -> Frames:
    """Pictures of a narrow picture before a blurred one that fills the sides."""
    frames = detailed(num)
    for frame in frames:
        light = cv2.GaussianBlur(frame, (0, 0), 12) // 2
        frame[:, :LEFT], frame[:, RIGHT:] = light[:, :LEFT], light[:, RIGHT:]
    return frames


def test_fillings_are_no_part_of_the_picture() -> None:
    x0, y0, x1, y1 = window_of(scanned(filled(12)), 0, 11, (320, 180))
    assert (y0, y1) == (0, 180)
    assert 2 * LEFT <= x0 <= 2 * LEFT + 4
    assert 2 * RIGHT - 4 <= x1 <= 2 * RIGHT


def test_fillings_above_and_below() -> None:
    upright = np.ascontiguousarray(filled(1)[0, ..., 1].T)
    assert blurred_edges(upright) == (0, LEFT, 0, 160 - RIGHT)


@pytest.mark.parametrize("frames", [shot(2, 12), detailed(12)], ids=["soft", "detailed"])
def test_ordinary_pictures_have_none(frames: Frames) -> None:
    assert window_of(scanned(frames), 0, 11, (160, 90)) == ()


def test_a_blurred_background_without_borders_is_none() -> None:
    frames = detailed(12)
    for frame in frames:
        soft = np.clip(np.abs(np.arange(160) - 80) / 72 - 0.1, 0, 1)[:, None]
        frame[...] = soft * cv2.GaussianBlur(frame, (0, 0), 12) + (1 - soft) * frame
    assert window_of(scanned(frames), 0, 11, (160, 90)) == ()


def test_borders_that_move_are_none() -> None:
    steady, one = np.tile([50, 0, 49, 0], (10, 1)), np.array([[60, 0, 59, 0]])
    assert window_inside(steady, (160, 90), (160, 90)) == (51, 0, 110, 90)
    assert window_inside(np.concatenate([steady, one]), (160, 90), (160, 90)) == (51, 0, 110, 90)
    assert window_inside(np.concatenate([steady, *[one] * 5]), (160, 90), (160, 90)) == ()
    assert window_inside(np.concatenate([steady, *[0 * one] * 5]), (160, 90), (160, 90)) == ()
