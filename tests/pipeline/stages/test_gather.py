from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from pipeline.stages.control import Control, ControlSettings
from pipeline.stages.gather import GatherSettings, gather
from schemas.controls import Controlled
from schemas.origin import Origin
from schemas.tracks import FaceDistances
from tests.synth import Scene
from tests.tracked import tracked_of

SCENE = Scene(num_frames=30)
ANNA, BERT = np.array([1, 0, 0, 0], np.float32), np.array([0, 1, 0, 0], np.float32)
NEAR_ANNA = np.array([0.95, np.sqrt(1 - 0.95**2), 0, 0], np.float32)


def clip(look: np.ndarray, first_frame: int, source_key: str = "a" * 12, every: int = 6) -> Controlled:
    tracked = tracked_of(SCENE, first_frame, source_key, look, every)
    (made,) = Control(ControlSettings())(tracked)
    return made


def keys(*clips: Controlled, min_similarity: float = 0.8) -> list[tuple[str, list[str]]]:
    casts = gather(clips, GatherSettings(min_similarity=min_similarity))
    return [(cast.key, [member.key for member in cast.members]) for cast in casts]


def test_clips_of_one_person_are_together_whatever_their_order() -> None:
    clips = [clip(ANNA, 0), clip(BERT, 30), clip(NEAR_ANNA, 60), clip(ANNA, 0, "b" * 12)]
    a, b, c, d = (c.key for c in clips)
    expected = [("a" * 12 + "-0", [a, c]), ("a" * 12 + "-1", [b]), ("b" * 12 + "-0", [d])]
    for order in permutations(clips):
        assert keys(*order) == expected


@pytest.mark.parametrize(("min_similarity", "num_casts"), [(0.94, 1), (0.96, 2)])
def test_threshold_is_the_cosine_between_looks(min_similarity: float, num_casts: int) -> None:
    assert len(keys(clip(ANNA, 0), clip(NEAR_ANNA, 30), min_similarity=min_similarity)) == num_casts


def test_long_look_counts_no_more_than_a_short_one() -> None:
    assert len(keys(clip(ANNA, 0, every=1), clip(NEAR_ANNA, 30, every=15), min_similarity=0.94)) == 1


def met(*clips: Controlled, distances: list[list[float]]) -> list[Controlled]:
    """The clips of one source with these distances between their faces."""
    told = np.array(distances, np.float32)
    return [
        replace(clip, identity=FaceDistances(place=place, distance=told[place]))
        for place, clip in enumerate(clips)
    ]


def members(*clips: Controlled) -> list[list[int]]:
    """First frames of the clips of each cast."""
    return [[one.clip.first_frame for one in cast.members] for cast in gather(clips, GatherSettings())]


STRANGE, NONE = 0.8, np.nan


def test_faces_tell_people_in_like_clothes_apart() -> None:
    clips = [clip(ANNA, 0), clip(ANNA, 30), clip(ANNA, 60)]
    faces = [[0, STRANGE, 0.2], [STRANGE, 0, STRANGE], [0.2, STRANGE, 0]]
    assert members(*met(*clips, distances=faces)) == [[0, 60], [30]]


@pytest.mark.parametrize(("cosine", "people"), [(0.62, 1), (0.58, 2)])
def test_looks_are_a_veto_against_faces(cosine: float, people: int) -> None:
    other = np.array([cosine, np.sqrt(1 - cosine**2), 0, 0], np.float32)
    clips = met(clip(ANNA, 0), clip(other, 30), distances=[[0, 0.1], [0.1, 0]])
    assert len(members(*clips)) == people


@pytest.mark.parametrize(("distance", "people"), [(0.34, 1), (0.36, 2)])
def test_threshold_is_the_distance_between_faces(distance: float, people: int) -> None:
    clips = met(clip(ANNA, 0), clip(ANNA, 30), distances=[[0, distance], [distance, 0]])
    assert len(members(*clips)) == people


def test_a_clip_without_a_face_joins_whom_it_looks_like_and_never_joins_two() -> None:
    clips = [clip(ANNA, 0), clip(BERT, 30), clip(NEAR_ANNA, 60), clip(ANNA, 90)]
    faces = [
        [0, STRANGE, NONE, STRANGE],
        [STRANGE, 0, NONE, STRANGE],
        [NONE, NONE, NONE, NONE],
        [STRANGE, STRANGE, NONE, 0],
    ]
    assert members(*met(*clips, distances=faces)) == [[0, 60], [30], [90]]


def test_clip_without_looks_stays_alone() -> None:
    blind = clip(ANNA, 0, every=1)
    none = np.zeros(0, np.float32)
    nowhere = type(blind.appearance)(
        frames=none.astype(np.int32),
        vectors=np.zeros((0, 4), np.float32),
        sharpness=none,
        face_sharpness=none,
        hand_sharpness=none,
        eyes_open=none,
    )

    blind = replace(blind, appearance=nowhere)
    assert keys(blind) == [("a" * 12 + "-0", [blind.key])]
    assert len(keys(blind, clip(ANNA, 30), clip(ANNA, 60))) == 2


def test_nothing_gives_nothing() -> None:
    assert keys() == []


def told(clip: Controlled, subject: str) -> Controlled:
    """The clip, of a source whose manifest tells this subject."""
    source = replace(clip.clip.video.source, origin=Origin(subject=subject))
    return replace(clip, clip=replace(clip.clip, video=replace(clip.clip.video, source=source)))


def test_a_subject_is_one_person_in_all_sources() -> None:
    """Clips of two looks stay two casts, for references: the person of both is the subject."""
    clips = [told(clip(ANNA, 0), "anna"), told(clip(BERT, 30), "anna"), told(clip(ANNA, 0, "b" * 12), "anna")]
    casts = gather([*clips, clip(ANNA, 0, "c" * 12)], GatherSettings())
    assert [cast.key for cast in casts] == [
        "a" * 12 + "-0",
        "a" * 12 + "-1",
        "b" * 12 + "-0",
        "c" * 12 + "-0",
    ]
    people = [cast.person for cast in casts]
    assert len(set(people[:3])) == 1
    assert people[0].startswith("subject-")
    assert people[3] == "c" * 12 + "-0"
