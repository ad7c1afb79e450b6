"""Every measure has a known answer on a made-up sample, and another where a fault is put into it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest

from pipeline.geometry import rotation_about
from pipeline.measures.known import OWN
from pipeline.measures.opened import OpenedSample
from pipeline.measures.pictures import by_fours
from schemas.joints import BODY_JOINTS, J, mirrored
from tests.pipeline.measures.opened import SCENE, opened, with_controls
from tests.synth import acted

SAMPLE = opened()
T = SCENE.num_frames
OTHER = list(mirrored(BODY_JOINTS))
MIDDLE = (np.arange(T) >= 20) & (np.arange(T) < 40)


def number(name: str, sample: OpenedSample) -> float | None:
    return next(one for one in OWN if one.name == name).of(sample)


def shaken(points: np.ndarray, by: float) -> np.ndarray:
    """Points (t, ...) that move by so much to and fro in x from frame to frame."""
    moved = points.copy()
    moved[1::2, ..., 0] += by
    return moved


def swapped(frames: np.ndarray) -> OpenedSample:
    """Left and right of the body exchanged in some frames."""
    c = SAMPLE.controls
    return with_controls(
        SAMPLE,
        joints2d=np.where(frames[:, None, None], c.joints2d[:, OTHER], c.joints2d),
        joints3d=np.where(frames[:, None, None], c.joints3d[:, OTHER], c.joints3d),
    )


def voice(late_s: float) -> np.ndarray:
    """A voice as loud as the figure's mouth is open, later by so much."""
    seconds = np.arange(T * 16000 // 24) / 16000
    mouth = np.interp(seconds - late_s, np.arange(T) / 24, acted(SCENE).face[:, 1])
    return np.asarray(0.3 * mouth * np.sin(2 * np.pi * 220 * seconds), np.float32)


def speaking(late_s: float) -> OpenedSample:
    return replace(SAMPLE, sound=voice(late_s))


def test_all_that_can_be_asked_of_a_clean_sample_is_small() -> None:
    limits = {"joint_jitter": 0.01, "bone_spread": 0.001, "side_flips": 0, "head_twist": 0, "hand_reach": 1.0}
    limits |= {"head_off_neck": 2.0, "face_off_head": 0.4, "crop_jitter": 0.002, "head_jitter": 0.2}
    limits |= {"bars": 0, "text": 0, "reference_distance": 0.01}
    for name, most in limits.items():
        found = number(name, SAMPLE)
        assert found is not None, name
        assert found <= most, name
    assert number("head_radius_m", SAMPLE) == pytest.approx(0.117, abs=0.005)  # the figure's, in metres
    assert number("head_yaw_reach", SAMPLE) == pytest.approx(22, abs=3)
    assert number("reference_yaw_gap", SAMPLE) == pytest.approx(30.0, abs=0.01)


def test_sides_that_change_are_counted_and_sides_that_are_wrong_are_seen_by_the_head() -> None:
    assert number("side_flips", swapped(MIDDLE)) == 2  # there and back
    assert number("head_twist", swapped(MIDDLE)) == pytest.approx(20 / T)
    assert number("side_flips", swapped(np.ones(T, np.bool_))) == 0
    assert number("head_twist", swapped(np.ones(T, np.bool_))) == 1


def test_joints_that_tremble_by_a_torso_bend_by_four() -> None:
    c = SAMPLE.controls
    torso = np.median(np.linalg.norm(c.joints2d[:, J["neck"]] - c.joints2d[:, J["pelvis"]], axis=1))
    sample = with_controls(SAMPLE, joints2d=shaken(c.joints2d, float(torso)))
    assert number("joint_jitter", sample) == pytest.approx(2.0, abs=0.05)


def test_bones_that_grow_evenly_by_half_spread() -> None:
    grown = SAMPLE.controls.joints3d * np.linspace(1, 1.5, T, dtype=np.float32)[:, None, None]
    lengths = np.linspace(1, 1.5, T)
    wanted = lengths.std() / lengths.mean()
    assert number("bone_spread", with_controls(SAMPLE, joints3d=grown)) == pytest.approx(wanted, rel=0.01)


def test_a_hand_on_somebody_else_is_far_and_a_missed_hand_is_counted() -> None:
    away = SAMPLE.controls.left_hand2d + np.float32(100)
    assert (number("hand_reach", with_controls(SAMPLE, left_hand2d=away)) or 0) > 3
    unseen = with_controls(SAMPLE, left_hand_score=np.zeros(T, np.float32))
    missed, before = number("hands_missed", unseen), number("hands_missed", SAMPLE)
    assert missed is not None
    assert before is not None
    assert missed > before + 0.2


def test_spheres_and_crops_that_are_elsewhere() -> None:
    c = SAMPLE.controls
    radius = c.head_radius[:, None]
    off = with_controls(SAMPLE, head_center=c.head_center + 3 * radius * np.array([0, -1], np.float32))
    assert number("head_off_neck", off) == pytest.approx((number("head_off_neck", SAMPLE) or 0) + 3, abs=0.05)
    assert (number("face_off_head", off) or 0) > 2.5
    assert number("head_radius_m", with_controls(SAMPLE, head_radius=3 * c.head_radius)) == pytest.approx(
        0.35, abs=0.02
    )
    assert number("head_px", with_controls(SAMPLE, head_radius=np.full(T, 40, np.float32))) == 80
    side = float(np.median(c.face_box[:, 2] - c.face_box[:, 0]))
    boxes = shaken(c.face_box.reshape(T, 2, 2), side / 4).reshape(T, 4)
    assert number("crop_jitter", with_controls(SAMPLE, face_box=boxes)) == pytest.approx(0.5, abs=0.01)


def test_heads_that_nod_by_a_degree_bend_by_two() -> None:
    nods = np.zeros((T, 3))
    nods[1::2, 0] = np.radians(1.0)
    turned = rotation_about(nods).astype(np.float32)
    assert number("head_jitter", with_controls(SAMPLE, head_rotation=turned)) == pytest.approx(2.0, abs=0.01)


def test_what_is_blurred_is_less_sharp_and_what_is_grey_has_no_contrast() -> None:
    soft = replace(SAMPLE, faces=np.stack([cv2.GaussianBlur(face, (0, 0), 6) for face in SAMPLE.faces]))
    assert (number("face_sharpness", soft) or 0) < 0.2 * (number("face_sharpness", SAMPLE) or 0)
    blurred = replace(SAMPLE, frames=np.stack([cv2.GaussianBlur(one, (0, 0), 4) for one in SAMPLE.frames]))
    assert (number("hand_sharpness", blurred) or 0) < 0.2 * (number("hand_sharpness", SAMPLE) or 0)
    grey = replace(SAMPLE, frames=np.full_like(SAMPLE.frames, 90))
    assert number("brightness", grey) == pytest.approx(90)
    assert number("contrast", grey) == 0
    assert number("picture_change", grey) == 0
    assert (number("picture_change", SAMPLE) or 0) > 3


def test_bars_are_told_by_their_share_and_text_by_its_box() -> None:
    barred = SAMPLE.frames.copy()
    barred[:, :30] = barred[:, -42:] = 8
    assert number("bars", replace(SAMPLE, frames=barred)) == pytest.approx(72 / SCENE.height)
    written = SAMPLE.frames.copy()
    for frame in written:
        cv2.putText(frame, "SUBTITLES OF IT", (8, 270), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
    share = number("text", replace(SAMPLE, frames=written))
    assert share is not None
    assert 0.02 < share < 0.12


def test_pictures_shrunk_by_fours_are_those_shrunk_alone() -> None:
    greys = [*np.random.default_rng(0).integers(0, 256, (6, 49, 67), np.uint8)]
    shrink = partial(cv2.resize, dsize=(13, 11), interpolation=cv2.INTER_AREA)
    for count in (1, 4, 6):
        np.testing.assert_array_equal(by_fours(greys[:count], shrink), [*map(shrink, greys[:count])])


def test_a_stranger_as_reference_is_far() -> None:
    stranger = opened(replace(SCENE, appearance=2, number=9)).references[0]
    references = np.stack([SAMPLE.references[0], stranger])
    assert (number("reference_distance", replace(SAMPLE, references=references)) or 0) > 0.45


@pytest.mark.parametrize("late_ms", [0, 120, -100])
def test_how_late_a_voice_is(late_ms: int) -> None:
    sample = speaking(late_ms / 1000)
    assert number("mouth_offset_ms", sample) == pytest.approx(late_ms, abs=12)
    assert (number("mouth_confidence", sample) or 0) > 0.4


def test_sound_without_a_mouth_and_silence_tell_no_offset() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, T * 16000 // 24).astype(np.float32)
    assert number("mouth_offset_ms", replace(SAMPLE, sound=noise)) is None
    silent = replace(SAMPLE, sound=np.zeros(T * 16000 // 24, np.float32))
    assert number("mouth_offset_ms", silent) is None
    assert number("mouth_offset_ms", SAMPLE) is None
    assert number("loudness", silent) == -100


def test_loudness_and_clipping_are_those_of_a_square_wave() -> None:
    wave = np.sign(np.sin(np.arange(48000) / 20)).astype(np.float32)
    half = replace(SAMPLE, sound=0.5 * wave)
    assert number("loudness", half) == pytest.approx(-6.02, abs=0.05)
    assert number("clipping", half) == 0
    assert (number("clipping", replace(SAMPLE, sound=wave)) or 0) > 0.99


def test_what_was_not_measured_has_no_number() -> None:
    nobody = with_controls(
        SAMPLE,
        body_valid=np.zeros(T, np.bool_),
        head_valid=np.zeros(T, np.bool_),
        face_valid=np.zeros(T, np.bool_),
        left_hand_score=np.zeros(T, np.float32),
        right_hand_score=np.zeros(T, np.float32),
    )
    found = {name for one in OWN for name in one.measured(nobody)}
    assert found == {
        *("brightness", "contrast", "bars", "text", "picture_change"),
        *("reference_yaw_gap", "reference_distance"),
    }


def test_frames_without_a_face_tell_nothing_of_a_voice() -> None:
    """They are black: the greatest change of the mouth, and no word of it."""
    shown, faces = (np.arange(T) < 30) | (np.arange(T) >= 48), SAMPLE.faces.copy()
    faces[~shown] = 0
    away = with_controls(replace(speaking(0.12), faces=faces), face_valid=shown)
    assert number("mouth_offset_ms", away) == pytest.approx(120, abs=25)
    assert (number("mouth_confidence", away) or 0) > 0.5
