import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.controls.smoothing import (
    SmoothingSettings,
    fill,
    fill_rotations,
    first_shown,
    jitter,
    smooth,
    smooth_rotations,
    speed,
)
from pipeline.geometry import head_angles, head_rotation, quaternion, rotation, rotation_about

RANDOM = np.random.default_rng(1)
masks = hnp.arrays(np.bool_, st.integers(1, 40))


def mask(text: str) -> np.ndarray:
    """`x` where a frame has a value."""
    return np.array([letter == "x" for letter in text])


# Gaps


def test_short_gap_is_bridged_and_long_gap_is_held() -> None:
    valid = mask("..x..x....x.")
    values = np.where(valid, np.arange(12.0), np.nan)
    filled, known = fill(values, valid, max_gap=2)
    np.testing.assert_allclose(filled, [2, 2, 2, 3, 4, 5, 5, 5, 10, 10, 10, 10])
    np.testing.assert_array_equal(known, mask("..xxxx....x."))


def test_rotations_are_bridged_the_short_way_over_the_seam() -> None:
    valid = mask("x...x")
    turns = head_rotation(np.radians([160, 0, 0, 0, -160]), 0, 0)
    turns[~valid] = np.nan
    filled, known = fill_rotations(turns, valid, max_gap=3)
    np.testing.assert_allclose(np.degrees(head_angles(filled)[0]) % 360, [160, 170, 180, 190, 200])
    assert known.all()


@given(masks, st.integers(0, 10))
def test_filling_keeps_length_and_measured_values(valid: np.ndarray, max_gap: int) -> None:
    values = np.where(valid[:, None], RANDOM.normal(size=(len(valid), 2)), np.nan)
    filled, known = fill(values, valid, max_gap)
    assert filled.shape == values.shape
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[valid], values[valid])
    assert known[valid].all()


def test_track_without_a_value_is_zeros_and_unknown() -> None:
    values, known = fill(np.full((5, 3), np.nan), np.zeros(5, bool), 8)
    turns, turns_known = fill_rotations(np.full((5, 3, 3), np.nan), np.zeros(5, bool), 8)
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_array_equal(turns, np.broadcast_to(np.eye(3), (5, 3, 3)))
    assert not known.any()
    assert not turns_known.any()


# Smoothing


@given(masks, st.sampled_from([0.0, 0.3, 1.0, 2.0, 5.0]))
def test_smoothing_keeps_constants_lengths_and_unknown_frames(known: np.ndarray, sigma: float) -> None:
    values = np.where(known, 7.0, 100.0)
    smoothed = smooth(values, known, sigma)
    np.testing.assert_allclose(smoothed, values)


def test_smoothing_is_a_gaussian() -> None:
    pulse = np.zeros(41)
    pulse[20] = 1
    response = smooth(pulse, np.ones(41, bool), 2.0)
    expected = np.exp(-((np.arange(41) - 20) ** 2) / 8) / np.sqrt(8 * np.pi)
    np.testing.assert_allclose(response, expected, atol=2e-3)
    np.testing.assert_array_equal(smooth(pulse, np.ones(41, bool), 0.0), pulse)


def test_straight_motion_stays_straight_at_ends_and_beside_gaps() -> None:
    line, known = np.arange(30.0), np.ones(30, bool)
    known[10:20] = False
    np.testing.assert_allclose(smooth(line, known, 1.5), line, atol=1e-12)


def test_noise_is_damped_at_the_ends_too() -> None:
    noise = RANDOM.normal(size=(40, 500))
    damped = smooth(noise, np.ones(40, bool), 2.0).std(axis=1)
    assert damped[20] < 0.45
    assert damped[0] < 0.8


def test_rotations_are_smoothed_over_the_seam_whatever_the_sign_of_quaternions() -> None:
    yaw = np.radians(np.linspace(150, 210, 31))
    noise = rotation_about(RANDOM.normal(size=(31, 3)) * 0.05)
    turns = head_rotation(yaw, 0, 0)
    smoothed = smooth_rotations(turns @ noise, np.ones(31, bool), 3.0)
    np.testing.assert_allclose(np.linalg.det(smoothed), 1)
    error = np.linalg.norm(smoothed - turns, axis=(1, 2))
    assert error[4:-4].max() < np.linalg.norm(turns @ noise - turns, axis=(1, 2)).max() / 2
    flipped = rotation(quaternion(turns) * RANDOM.choice([-1, 1], size=(31, 1)))
    np.testing.assert_allclose(
        smooth_rotations(flipped, np.ones(31, bool), 3.0),
        smooth_rotations(turns, np.ones(31, bool), 3.0),
        atol=1e-12,
    )


def test_smoothing_is_recorded_and_checked() -> None:
    assert (
        SmoothingSettings(hands=0).card.version
        == "local linear, sigma in frames: body=0.5 hands=0 head=1 face_window=2"
    )
    with pytest.raises(ValueError, match="smoothing of body is -1 frames; it cannot be below 0"):
        SmoothingSettings(body=-1)


# Scores


def test_jitter_of_noise_and_of_even_motion() -> None:
    valid = np.ones(4000, bool)
    even = np.arange(4000.0)[:, None, None] * np.array([[1.0, 2.0]])
    noise = RANDOM.normal(size=(4000, 4, 2)) * 0.5
    assert jitter(even, valid) == 0
    assert jitter(even + noise, valid) == pytest.approx(0.5 * np.sqrt(3 * np.pi), rel=0.03)
    assert jitter(smooth(noise, valid, 1.0), valid) < jitter(noise, valid) / 5


def test_scores_look_at_measured_frames_only() -> None:
    points = np.arange(8.0)[:, None, None] * np.array([[3.0, 4.0]])
    points[3] = np.nan
    valid = mask("xxx.xxxx")
    assert speed(points, valid) == 5
    assert jitter(points, valid) == 0
    assert speed(points, np.zeros(8, bool)) == 0
    assert jitter(points[:2], valid[:2]) == 0


# Pictures that are shown more than once


def test_picture_shown_twice_weighs_once_and_stands_still() -> None:
    values = np.random.default_rng(5).normal(size=(24, 2))
    shown = first_shown(np.arange(48) % 2 == 0)
    twice = smooth(values.repeat(2, axis=0), np.ones(48, bool), 2.0, shown)
    np.testing.assert_array_equal(twice[::2], twice[1::2])
    np.testing.assert_allclose(twice[::2], smooth(values, np.ones(24, bool), 1.0))


def test_even_motion_in_steps_keeps_the_places_of_its_pictures() -> None:
    steps = np.arange(24.0).repeat(2)
    smoothed = smooth(steps, np.ones(48, bool), 1.5, first_shown(np.arange(48) % 2 == 0))
    np.testing.assert_allclose(smoothed, steps, atol=1e-9)


def test_first_frames_of_pictures() -> None:
    fresh = np.array([False, True, False, False, True, True])
    assert first_shown(fresh).tolist() == [0, 1, 1, 1, 4, 5]
