"""A mouth that opens with the sound, and one whose sound comes late."""

from __future__ import annotations

import numpy as np
import pytest

from model.eval.lips import loudness, mouth_and_sound

RATE, FPS, FRAMES = 16_000, 24.0, 120


def syllables(seed: int = 3) -> np.ndarray:
    """How far a mouth is open in each frame."""
    noise = np.random.default_rng(seed).uniform(0, 1, FRAMES + 4)
    return np.convolve(noise, np.ones(5) / 5, "valid") ** 2


def sound(opening: np.ndarray) -> np.ndarray:
    """A tone as loud as a mouth is open."""
    level = np.repeat(opening, round(RATE / FPS) + 1)[: round(len(opening) * RATE / FPS)]
    tone = np.sin(np.arange(len(level)) * 2 * np.pi * 200 / RATE)
    return np.asarray(level * tone * 20_000, np.int16)


@pytest.mark.parametrize("late", [0, 3, -5])
def test_a_delayed_sound_gives_its_delay(late: int) -> None:
    opening = syllables()
    loud = loudness(sound(opening), RATE, FRAMES, FPS)
    found = mouth_and_sound(opening, np.roll(loud, late))
    assert found["mouth_sound_offset"] == late
    assert found["mouth_sound_corr"] > 0.8


def test_another_sound_correlates_less() -> None:
    loud = loudness(sound(syllables()), RATE, FRAMES, FPS)
    assert mouth_and_sound(syllables(9), loud)["mouth_sound_corr"] < 0.6


def test_loudness_is_that_under_each_frame() -> None:
    samples = np.zeros(RATE, np.int16)
    samples[RATE // 2 :] = 16384
    loud = loudness(samples, RATE, 24, 24.0)
    np.testing.assert_allclose(loud[:12], -60.0)
    np.testing.assert_allclose(loud[12:], 20 * np.log10(0.5), atol=1e-6)
    assert loudness(samples[:10], RATE, 24, 24.0)[5] == -60.0


def test_nothing_is_said_of_a_mouth_that_is_not_seen_or_of_silence() -> None:
    loud = loudness(sound(syllables()), RATE, FRAMES, FPS)
    assert mouth_and_sound(np.full(FRAMES, np.nan), loud) == {}
    assert mouth_and_sound(syllables(), np.full(FRAMES, -60.0)) == {}
    assert mouth_and_sound(syllables()[:20], loud[:20]) == {}
