"""How pictures are looked at: the answers are known from how they are made."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.references.looks import fresh, part_sharpness, sharpness, upright_square


def test_a_look_is_the_square_at_the_top_of_the_box() -> None:
    frame = np.zeros((200, 100, 3), np.uint8)
    frame[20:60, 30:70] = 255
    look = upright_square(frame, np.array([30, 20, 69, 180], np.float32))
    assert look.shape == (224, 224, 3)
    assert look.mean() > 240
    beyond = upright_square(frame, np.array([-30, -20, 10, 20], np.float32))
    assert beyond.shape == (224, 224, 3)


def test_edges_are_sharper_than_their_blur() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 255
    blurred = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
    assert sharpness(picture) > 100 * max(sharpness(blurred), 0.01)
    assert sharpness(np.full((64, 64, 3), 7, np.uint8)) == 0


def test_pictures_are_new_where_they_differ_from_the_one_before_in_other_windows_too() -> None:
    noise = np.random.default_rng(2).integers(0, 255, (2, 40, 60, 3)).astype(np.uint8)
    frames = noise[[0, 0, 1, 1, 0]]
    assert fresh(frames, None).tolist() == [True, False, True, False, True]
    assert fresh(frames, noise[0]).tolist() == [False, False, True, False, True]
    faint = noise[:1].copy()
    faint[0, 0, :20] ^= 1
    assert fresh(faint, noise[0]).tolist() == [False], "what encoding leaves of a still"


def test_sharpness_of_a_part_is_its_own() -> None:
    frame = np.random.default_rng(2).integers(0, 255, (200, 300, 3)).astype(np.uint8)
    frame[:, 150:] = cv2.GaussianBlur(frame[:, 150:], (0, 0), 3)
    sharp, blurred = (
        part_sharpness(frame, np.array(box)) for box in ((20, 40, 120, 140), (180, 40, 280, 140))
    )
    assert sharp > 20 * blurred
