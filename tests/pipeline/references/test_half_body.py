"""The half-body crop that full-body clips carry among their references."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.geometry import apply_affine, wrap_angle
from pipeline.references.half_body import half_body_crop
from pipeline.stages.reference import ReferenceSettings
from tests.pipeline.references.looks import FULL, HALF, clip, samples
from tests.tracked import tracked_of


def test_full_body_clips_carry_the_half_body_crop_and_others_do_not() -> None:
    for scene, count in [(FULL, 4), (HALF, 3), (replace(HALF, framing="portrait"), 3)]:
        (sample,) = samples(clip(scene))
        whys = [reference.why for reference in sample.references]
        assert len(whys) == count
        assert (whys[-1] == "half_body") == (scene is FULL)
        for reference in sample.references[:3]:
            np.testing.assert_array_equal(reference.crop, sample.scene.to_canvas)


def test_half_body_crop_reaches_from_hips_to_crown_and_keeps_the_aspect() -> None:
    member = clip(replace(FULL, width=640, height=960))
    (sample,) = samples(member)
    reference = sample.references[-1]
    assert reference.source_frame not in [whole.source_frame for whole in sample.references[:-1]]
    zoom = reference.crop[0, 0] / member.to_canvas[0, 0]
    assert reference.crop[0, 0] == pytest.approx(reference.crop[1, 1])
    assert 1.5 < zoom < 3

    def on_crop(on_canvas: np.ndarray) -> np.ndarray:
        scale, shift = member.to_canvas[0, 0], member.to_canvas[:, 2]
        return apply_affine(reference.crop, (on_canvas - shift) / scale)

    t, controls = reference.source_frame, member.controls
    crown = on_crop(controls.head_center[t] - [0, controls.head_radius[t]])
    hips, ankles = on_crop(controls.joints2d[t, [8, 9]]), on_crop(controls.joints2d[t, [12, 13]])
    assert crown[1] == pytest.approx(member.height / 12, abs=2), "a tenth of the extent on either side"
    assert hips[:, 1].max() == pytest.approx(member.height * 11 / 12, abs=2)
    assert (ankles[:, 1] > member.height).all()
    assert 0.3 < hips[:, 0].mean() / member.width < 0.7


@pytest.mark.parametrize("side", [-1, 1])
def test_half_body_crop_stays_in_the_picture(side: int) -> None:
    member = clip(FULL)
    aside = np.array([side * 0.45 * member.width, 0], np.float32)
    controls = member.controls
    moved = replace(controls, joints2d=controls.joints2d + aside, head_center=controls.head_center + aside)
    crop = half_body_crop(replace(member, controls=moved), 0, (member.width, member.height), 0.1, 4.0)
    picture = np.array([[-0.5, -0.5], [FULL.width - 0.5, FULL.height - 0.5]])
    top_left, bottom_right = apply_affine(crop, picture)
    assert (top_left <= -0.5 + 1e-6).all()
    assert (bottom_right >= np.array([member.width, member.height]) - 0.5 - 1e-6).all()


def test_half_body_crop_does_not_enlarge_beyond_its_limit() -> None:
    (sample,) = samples(clip(FULL), settings=ReferenceSettings(max_upscale=2.5))
    assert sample.references[-1].crop[0, 0] == pytest.approx(2.5)


def test_draw_of_the_half_body_frame_depends_on_the_key() -> None:
    drawn = {
        samples(replace(clip(FULL), key=f"0123456789ab-{i:06d}-0"))[0].references[-1].source_frame
        for i in range(20)
    }
    assert len(drawn) > 5


def test_the_crop_faces_the_camera_though_most_frames_look_away() -> None:
    turned = replace(FULL, turn_deg=(-170.0, 20.0))
    yaws = {
        samples(replace(clip(turned), key=f"0123456789ab-{i:06d}-0"))[0].references[-1].yaw for i in range(9)
    }
    assert len(yaws) > 1
    assert max(abs(np.degrees(wrap_angle(yaw))) for yaw in yaws) <= 30


def test_where_all_look_away_the_crop_is_the_most_frontal_one() -> None:
    (sample,) = samples(clip(replace(FULL, turn_deg=(50.0, 170.0))))
    assert sample.references[-1].why == "half_body"
    assert np.degrees(sample.references[-1].yaw) < 62


def test_full_body_clip_with_three_looks_still_gets_its_crop() -> None:
    looks = tracked_of(FULL).appearance
    few = clip(FULL, frames=looks.frames[:3], vectors=looks.vectors[:3], sharpness=looks.sharpness[:3])
    (sample,) = samples(few)
    assert [reference.why for reference in sample.references][-1] == "half_body"
