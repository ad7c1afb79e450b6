from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.geometry import apply_affine
from pipeline.stages.reference import ReferenceSettings, view
from schemas.arrow import encode
from schemas.joints import BODY_JOINTS
from schemas.outcome import Rejected
from schemas.sample import Sample
from tests.pipeline.references.looks import FULL, HALF, clip, controlled, samples
from tests.tracked import tracked_of, without


def chosen(sample: Sample) -> dict[str, int]:
    """Source frames by reason, of the reasons that occur once."""
    return {reference.why: reference.source_frame for reference in sample.references}


def degrees(sample: Sample) -> list[int]:
    return [round(np.degrees(reference.yaw)) for reference in sample.references]


# Yaw


@pytest.mark.parametrize("turn", [(-60.0, 60.0), (100.0, 260.0), (0.0, 360.0), (359.0, 1.0), (-180.0, 180.0)])
def test_references_are_the_greatest_the_least_and_the_median_yaw(turn: tuple[float, float]) -> None:
    (sample,) = samples(clip(replace(HALF, turn_deg=turn)))
    ends = (0, 96) if turn[0] < turn[1] else (96, 0)
    assert chosen(sample) == {"yaw_min": ends[0], "yaw_max": ends[1], "yaw_median": 48}
    by_why = {reference.why: np.degrees(reference.yaw) for reference in sample.references}
    assert by_why["yaw_max"] - by_why["yaw_min"] == pytest.approx(abs(turn[1] - turn[0]), abs=2)


def test_clips_on_both_sides_of_the_seam_share_a_branch() -> None:
    left = clip(replace(HALF, turn_deg=(150.0, 175.0)))
    right = clip(replace(HALF, turn_deg=(-175.0, -150.0)), 200)
    for sample in samples(left, right):
        assert max(degrees(sample)) - min(degrees(sample)) == 60
        assert chosen(sample)["yaw_min"] < 100
        assert chosen(sample)["yaw_max"] > 200


def test_person_who_dwells_and_turns_round_once_is_seen_from_other_sides() -> None:
    member = clip(HALF)
    yaw = np.radians(np.concatenate([np.full(36, 5), np.linspace(0, 360, 25), np.full(36, 365)]))
    turned = replace(member.controls, body_yaw=yaw.astype(np.float32))
    (sample,) = samples(replace(member, controls=turned))
    assert [reference.why for reference in sample.references] == ["yaw_median", "yaw_min", "yaw_max"]
    assert degrees(sample) == [5, -90, 180]


def test_clips_that_go_all_around_share_a_branch_too() -> None:
    left = clip(replace(HALF, turn_deg=(0.0, 360.0)))
    right = clip(replace(HALF, turn_deg=(-60.0, -420.0)), 200)
    for sample in samples(left, right):
        assert chosen(sample)["yaw_max"] == 96, "360 degrees"
        assert chosen(sample)["yaw_min"] == 296, "the right clip's end, a turn later than it was unwrapped"
        assert (min(degrees(sample)), max(degrees(sample))) == (-60, 360)


def test_most_frontal_reference_is_first() -> None:
    (sample,) = samples(clip(replace(HALF, turn_deg=(-80.0, 10.0))))
    assert [reference.why for reference in sample.references] == ["yaw_max", "yaw_median", "yaw_min"]
    (seam,) = samples(clip(replace(HALF, turn_deg=(100.0, 400.0))))
    assert [yaw % 360 for yaw in degrees(seam)] == [40, 100, 250]


def test_person_who_does_not_turn_gets_frames_far_apart() -> None:
    (sample,) = samples(clip(replace(HALF, turn_deg=(3.0, 5.0))))
    assert {reference.why for reference in sample.references} == {"apart"}
    assert sorted(reference.source_frame for reference in sample.references) == [0, 48, 96]


def test_poses_that_differ_most_are_taken_where_they_are_asked_for() -> None:
    member = clip(replace(HALF, turn_deg=(0.0, 0.0)))
    joints = member.controls.joints2d.copy()
    joints[:] = joints[0]
    wrist = BODY_JOINTS.index("left_wrist")
    frames = member.appearance.frames
    joints[frames[3], wrist, 1] -= 60
    joints[frames[7], wrist, 0] += 60
    moved = replace(member, controls=replace(member.controls, joints2d=joints))
    (sample,) = samples(moved, settings=ReferenceSettings(spread_by="pose"))
    assert {reference.why for reference in sample.references} == {"pose"}
    taken = {reference.source_frame for reference in sample.references}
    assert taken > {int(frames[3]), int(frames[7])}
    assert len(taken) == 3


# Where they come from


def test_frame_outside_the_clip_is_preferred_where_it_has_nearly_the_yaw() -> None:
    here, there = clip(HALF), clip(replace(HALF, turn_deg=(-52.0, 52.0)), 300)
    near, _ = samples(here, there)
    assert min(reference.source_frame for reference in near.references) >= 300
    far, _ = samples(here, clip(replace(HALF, turn_deg=(-40.0, 40.0)), 300))
    assert chosen(far)["yaw_min"] == 0
    assert chosen(far)["yaw_max"] == 96
    assert chosen(far)["yaw_median"] >= 300


def test_frames_just_outside_the_clip_are_as_good_as_inside() -> None:
    scene = replace(HALF, num_frames=25)
    _, later = samples(clip(scene), clip(scene, 36))
    assert min(reference.source_frame for reference in later.references) <= 24, "frame 24 is 12 before 36"
    _, near = samples(clip(scene), clip(replace(scene, turn_deg=(-61.0, 61.0)), 25))
    assert chosen(near)["yaw_max"] == 49, "frame 24 has nearly the same yaw but touches the clip"


def test_few_looks_give_few_references_and_never_one_frame_twice() -> None:
    for count in (1, 2, 3):
        looks = tracked_of(HALF).appearance
        few = clip(
            HALF,
            frames=looks.frames[:count],
            vectors=looks.vectors[:count],
            sharpness=looks.sharpness[:count],
        )
        (sample,) = samples(few)
        frames = [reference.source_frame for reference in sample.references]
        assert len(frames) == len(set(frames)) == count


def test_frame_that_suits_two_places_is_taken_once() -> None:
    here, looks = clip(replace(HALF, turn_deg=(0.0, 15.0))), tracked_of(HALF).appearance
    one = {"frames": looks.frames[:1], "vectors": looks.vectors[:1], "sharpness": looks.sharpness[:1]}
    sample, _ = samples(here, clip(replace(HALF, turn_deg=(8.0, 9.0)), 300, **one))
    assert chosen(sample) == {"yaw_max": 300, "yaw_min": 0, "yaw_median": 48}


# Gates


def test_blurred_frames_are_passed_over() -> None:
    sharpness = np.where(np.arange(17) < 8, 10, 100).astype(np.float32)
    (sample,) = samples(clip(HALF, sharpness=sharpness))
    assert min(reference.source_frame for reference in sample.references) == 48
    assert sample.scene.quality["reference_gates"] == 4
    assert sample.scene.quality["reference_candidates"] == 9


def test_side_with_less_detail_is_not_taken_for_blurred() -> None:
    sharpness = np.where(np.arange(17) < 5, 40, 100).astype(np.float32)
    plain = replace(HALF, turn_deg=(-170.0, 60.0))
    (sample,) = samples(clip(plain, sharpness=sharpness))
    assert chosen(sample)["yaw_min"] == 0
    sharpness[0] = 20
    (sample,) = samples(clip(plain, sharpness=sharpness))
    assert chosen(sample)["yaw_min"] == 6


def test_frame_that_looks_like_someone_else_is_passed_over() -> None:
    vectors = np.tile(np.array([1, 0, 0, 0], np.float32), (17, 1))
    vectors[16] = [0, 1, 0, 0]
    (sample,) = samples(clip(HALF, vectors=vectors))
    assert chosen(sample)["yaw_max"] == 90
    assert all(reference.similarity > 0.99 for reference in sample.references)


def test_frames_in_which_the_person_leaves_the_picture_are_passed_over() -> None:
    tracked = tracked_of(HALF)
    places = tracked.body.joints2d.copy()
    places[60:, :8] += 2000
    body = replace(tracked.body, joints2d=places)
    hands = replace(tracked.hands, score=np.zeros_like(tracked.hands.score))
    made = controlled(replace(tracked, body=body, hands=hands))
    (sample,) = samples(made)
    assert max(reference.source_frame for reference in sample.references) < 60


def test_frames_that_were_not_measured_are_never_taken() -> None:
    tracked = without(without(tracked_of(HALF), "body", slice(0, 40)), "face", slice(0, 40))
    (sample,) = samples(controlled(tracked))
    assert min(reference.source_frame for reference in sample.references) >= 40


def test_gates_open_where_nothing_is_left() -> None:
    looks = tracked_of(HALF).appearance
    sharpness = np.array([100, 1, 1], np.float32)
    vectors = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], np.float32)
    (sample,) = samples(clip(HALF, frames=looks.frames[:3], vectors=vectors, sharpness=sharpness))
    assert sample.scene.quality["reference_gates"] == 4, "1 is the median sharpness: two frames pass"
    sharpness = np.array([100, 1, 1, 100], np.float32)
    vectors = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0.0]], np.float32)
    member = clip(HALF, frames=looks.frames[:4], vectors=vectors, sharpness=sharpness)
    dark = replace(member, controls=replace(member.controls, body_valid=np.arange(97) == 6))
    dark = replace(dark, controls=replace(dark.controls, face_valid=np.zeros(97, bool)))
    (sample,) = samples(dark)
    assert [reference.source_frame for reference in sample.references] == [6]
    assert sample.scene.quality["reference_gates"] == 2, "the blurred frame is the only one measured"


def test_cast_that_is_never_measured_is_rejected() -> None:
    member = clip(HALF)
    nobody = np.zeros(97, bool)
    blind = replace(member, controls=replace(member.controls, body_valid=nobody, face_valid=nobody))
    with pytest.raises(
        Rejected, match="no_reference: of 17 looks at the person none has a measured face or body"
    ):
        samples(blind)
    none = np.zeros(0, np.float32)
    with pytest.raises(Rejected, match="no_reference: of 0 looks"):
        samples(
            clip(HALF, frames=none.astype(np.int32), vectors=np.zeros((0, 4), np.float32), sharpness=none)
        )


# The half-body crop


def corners(sample: Sample, source: Sequence[tuple[float, float]]) -> np.ndarray:
    return apply_affine(sample.references[-1].crop, np.array(source))


# Records


def test_same_cast_gives_the_same_bytes() -> None:
    tables = [encode(samples(clip(FULL), clip(HALF, 120)), Sample) for _ in range(2)]
    assert tables[0].equals(tables[1])


def test_every_member_leaves_once_in_order() -> None:
    members = [clip(FULL), clip(HALF, 120), clip(FULL, 300)]
    assert [sample.key for sample in samples(*members)] == [member.key for member in members]


def test_person_without_any_face_is_rejected_unless_that_is_allowed() -> None:
    behind = clip(HALF)
    behind = replace(behind, controls=replace(behind.controls, face_valid=np.zeros(97, bool)))
    with pytest.raises(Rejected, match="no_face: in all clips of the person, 97 frames, no face is measured"):
        samples(behind, settings=ReferenceSettings())
    assert len(samples(behind, settings=ReferenceSettings(allow_no_face=True))) == 1


def test_one_face_in_another_clip_of_the_person_will_do() -> None:
    seen = np.zeros(97, bool)
    seen[40] = True
    behind, other = clip(HALF), clip(HALF, 200)
    behind = replace(behind, controls=replace(behind.controls, face_valid=np.zeros(97, bool)))
    other = replace(other, controls=replace(other.controls, face_valid=seen))
    assert len(samples(behind, other, settings=ReferenceSettings())) == 2


def test_references_have_sharp_faces_sharp_hands_and_open_eyes() -> None:
    face, hands, eyes = (np.full(17, value, np.float32) for value in (100, 80, 0.3))
    face[0], hands[16], eyes[8] = 30, 20, 0.1
    (sample,) = samples(clip(HALF, face_sharpness=face, hand_sharpness=hands, eyes_open=eyes))
    taken = [reference.source_frame // 6 for reference in sample.references]
    assert not {0, 16, 8} & set(taken)
    assert sorted(taken) in ([1, 7, 15], [1, 9, 15])


def test_of_looks_of_nearly_the_wanted_yaw_the_clearest_face_is_taken() -> None:
    face = np.full(17, 100, np.float32)
    face[[1, 9]] = 120
    (sample,) = samples(clip(HALF, face_sharpness=face))
    assert chosen(sample) == {"yaw_min": 6, "yaw_median": 54, "yaw_max": 96}


def test_side_without_a_face_is_not_passed_over_for_it() -> None:
    (sample,) = samples(clip(replace(HALF, turn_deg=(-10.0, 170.0))))
    assert chosen(sample) == {"yaw_min": 0, "yaw_median": 48, "yaw_max": 96}


def test_median_that_lies_by_an_extreme_is_held_to_the_middle_half() -> None:
    member = clip(HALF)
    yaw = np.radians(np.concatenate([np.linspace(0, 80, 25), np.full(72, 80)])).astype(np.float32)
    (sample,) = samples(replace(member, controls=replace(member.controls, body_yaw=yaw)))
    assert sorted(degrees(sample)) == [0, 60, 80]


def test_gates_open_until_there_are_two() -> None:
    sharpness = np.full(17, 10, np.float32)
    sharpness[3] = 100
    eyes = np.full(17, 0.3, np.float32)
    eyes[np.arange(17) != 3] = 0.01
    (sample,) = samples(clip(replace(HALF, turn_deg=(3.0, 5.0)), sharpness=sharpness, eyes_open=eyes))
    assert len(sample.references) >= 2


def test_a_reference_from_another_window_shows_that_window() -> None:
    member, other = clip(HALF), clip(HALF, first_frame=200)
    own = view(member, member)
    np.testing.assert_array_equal(own, member.to_canvas)
    aside = replace(other, clip=replace(other.clip, window=(400, 100, 560, 300)))
    crop = view(aside, member)
    shown = apply_affine(crop, np.array([[399.5, 99.5], [559.5, 299.5]]))
    assert (shown[0] >= -2).all(), "to half a pixel of the source"
    assert (shown[1] <= np.array([member.width, member.height]) + 1).all()
    assert shown[1, 1] - shown[0, 1] == pytest.approx(member.height, rel=0.02), "it is as large as may be"
