"""Which stretches of a clip show one person, from made-up tracks; frames in the comments count from 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.stages.one_person import OnePerson, stretch
from pipeline.stretches import OnePersonSettings, nobody_alone, of_one_face, one_person, person_share
from schemas.outcome import Rejected
from schemas.tracks import FaceDistances, KeypointTrack, PictureTrack
from tests.synth import Scene
from tests.tracked import clip_of, tracked_of

HOW = OnePersonSettings()
BOX = (10.0, 10.0, 50.0, 110.0)


def person(frames: int) -> KeypointTrack:
    """Somebody who stands still, alone."""
    return KeypointTrack(
        names=("nose",),
        points=np.zeros((frames, 1, 2), np.float32),
        world=np.zeros((frames, 1, 3), np.float32),
        score=np.ones((frames, 1), np.float32),
        box=np.tile(np.array(BOX, np.float32), (frames, 1)),
        head_box=np.tile(np.array(BOX, np.float32), (frames, 1)),
        others=np.zeros(frames, np.float32),
        valid=np.ones(frames, np.bool_),
    )


def unseen(track: KeypointTrack, *frames: int) -> KeypointTrack:
    valid = track.valid.copy()
    valid[list(frames)] = False
    return replace(track, valid=valid)


def crowded(track: KeypointTrack, share: float, *frames: int) -> KeypointTrack:
    others = track.others.copy()
    others[list(frames)] = share
    return replace(track, others=others)


def moved(track: KeypointTrack, by: float, since: int) -> KeypointTrack:
    box = track.box.copy()
    box[since:, [0, 2]] += by
    return replace(track, box=box)


def runs(track: KeypointTrack) -> list[tuple[int, int]]:
    return [(run.start, run.stop) for run in one_person(track, HOW)]


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        pytest.param(person(25), [(0, 25)], id="25 frames are a clip"),
        pytest.param(person(24), [], id="24 are none"),
        pytest.param(unseen(person(80), *range(30, 42)), [(0, 80)], id="12 frames unseen are bridged"),
        pytest.param(unseen(person(80), *range(30, 43)), [(0, 30), (43, 80)], id="13 are not"),
        pytest.param(unseen(person(60), 0, 1, 59), [(2, 59)], id="nothing is bridged at the ends"),
        pytest.param(crowded(person(80), 0.21, *range(30, 42)), [(0, 80)], id="12 with another are bridged"),
        pytest.param(crowded(person(80), 0.21, *range(30, 43)), [(0, 30), (43, 80)], id="13 are not either"),
        pytest.param(crowded(person(80), 0.2, *range(80)), [(0, 80)], id="a fifth beside is nobody"),
        pytest.param(
            crowded(unseen(person(80), *range(30, 36)), 0.5, *range(36, 42)),
            [(0, 80)],
            id="unseen and crowded make one gap",
        ),
        pytest.param(moved(person(80), 200.0, 40), [(0, 40), (40, 80)], id="a jump ends a stretch"),
        pytest.param(moved(person(80), 36.0, 40), [(0, 80)], id="a step that overlaps by 0.053 does not"),
        pytest.param(moved(person(80), 37.0, 40), [(0, 40), (40, 80)], id="one that overlaps by 0.039 does"),
        pytest.param(moved(person(60), 200.0, 20), [(20, 60)], id="what is left short goes"),
        pytest.param(
            moved(unseen(person(80), 40), 200.0, 41),
            [(0, 80)],
            id="a jump across a frame unseen is not",
        ),
        pytest.param(unseen(person(30), *range(30)), [], id="nobody"),
    ],
)
def test_stretches_of_one_person(track: KeypointTrack, expected: list[tuple[int, int]]) -> None:
    assert runs(track) == expected


@pytest.mark.parametrize(
    ("track", "reason"),
    [
        (crowded(person(60), 0.5, *range(60)), "several_people"),
        (crowded(person(60), 0.5, *range(31)), "several_people"),
        (crowded(person(60), 0.5, *range(30)), "nobody"),
        (unseen(person(60), *range(60)), "nobody"),
    ],
)
def test_why_no_stretch_is_left(track: KeypointTrack, reason: str) -> None:
    assert nobody_alone(track, HOW).reason == reason


def test_a_stretch_is_the_clip_of_its_own_frames() -> None:
    scene = Scene(num_frames=60)
    made = tracked_of(scene)
    met = FaceDistances(place=3, distance=np.zeros(4, np.float32))
    part = stretch(replace(made, clip=clip_of(scene, first_frame=100)), slice(14, 44), met)
    assert part.identity == (met,)
    assert (part.clip.first_frame, part.clip.num_frames) == (114, 30)
    assert part.key == part.clip.key != made.key
    assert np.array_equal(part.body.joints2d, made.body.joints2d[14:44])
    assert part.appearance.frames.tolist() == [4, 10, 16, 22, 28]  # 18, 24, 30, 36, 42 of the whole
    assert len(part.appearance.vectors) == len(part.appearance.sharpness) == 5


def test_the_share_is_the_median_over_frames_that_are_seen() -> None:
    scene = Scene(num_frames=30)
    clip, track = clip_of(scene), person(5)
    box = track.box.copy()
    box[1:4] = (0, 0, 400, 400)
    track = unseen(replace(track, box=box), 1, 2, 3)
    expected = 40 * 100 / (scene.width * scene.height)
    assert person_share(clip, track, slice(0, 5)) == pytest.approx(expected)


def test_picture_that_stands_still_is_looked_at_once() -> None:
    scene = Scene(num_frames=60)
    made = tracked_of(scene)
    news = np.ones(60, bool)
    news[20:50] = False
    part = stretch(replace(made, pictures=PictureTrack(fresh=news)), slice(0, 60))
    assert part.appearance.frames.tolist() == [0, 6, 12, 18, 24, 54], "24 shows the picture of 19"
    np.testing.assert_array_equal(part.pictures.fresh, news)


def test_each_stretch_takes_what_its_face_was_told() -> None:
    made = tracked_of(Scene(num_frames=80))
    faces = [
        FaceDistances(place=place, distance=np.zeros(3, np.float32), frames=frames)
        for place, frames in enumerate([(0, 30), (31, 45), (50, 80)])
    ]
    cuts = list(OnePerson(HOW)(replace(made, identity=tuple(faces))))
    assert [one.identity for one in cuts] == [(faces[0],), (faces[2],)], "14 frames are no clip"
    assert [(one.clip.first_frame, one.clip.num_frames) for one in cuts] == [(0, 30), (50, 30)]
    with pytest.raises(Rejected) as no:
        list(OnePerson(HOW)(replace(made, identity=(faces[1],))))
    assert no.value.reason == "several_people"


ANNA, BERT, TURNED = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.95, 0.0, 0.3122))
"""Faces, as unit vectors; the third is a side view of the first."""


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param("AAAAAAAAA", [(5, 100)], id="one person"),
        pytest.param("AAaaaAAaa", [(5, 100)], id="one who turns"),
        pytest.param("AAAABBBBB", [(5, 37), (48, 100)], id="another from some moment on"),
        pytest.param("AAA   BBB", [(5, 25), (72, 100)], id="nobody tells what lies between"),
        pytest.param("AABBBAAAA", [(5, 13), (24, 49), (60, 100)], id="there and back"),
        pytest.param("AAAAAAAAB", [(5, 85), (96, 100)], id="at the end"),
        pytest.param("         ", [(5, 100)], id="no face"),
        pytest.param("    B    ", [(5, 100)], id="one face"),
    ],
)
def test_a_face_that_changes_ends_a_stretch(seen: str, expected: list[tuple[int, int]]) -> None:
    vectors = np.zeros((110, 3), np.float32)
    vectors[:108:12] = [{"A": ANNA, "B": BERT, "a": TURNED}.get(one, (0.0, 0.0, 0.0)) for one in seen]
    runs = of_one_face(vectors, slice(5, 100), HOW.max_face_change)
    assert [(run.start, run.stop) for run in runs] == expected
