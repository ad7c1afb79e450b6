"""Who is seen and who is heard, on rendered people of whom both are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.synthetic.acted import speech_of
from jobs.synthetic.film import cast, frames, sound
from jobs.synthetic.kept import kept_folder
from jobs.synthetic.take import Take, random_actor
from pipeline.estimators.speech.speech_share import PackagedSpeech
from pipeline.measures.faces import picture_faces, reference_face_distance
from pipeline.measures.known import OWN
from pipeline.measures.opened import OpenedSample
from pipeline.stages.acquaint import distances_of
from pipeline.stages.gather import GatherSettings, linked
from schemas.media import Frames
from schemas.sample import FACE_SIZE
from tests.pipeline.measures.opened import opened, with_controls

SAMPLE = opened()
ELSEWHERE = 1000
"""A frame that the clip does not have."""


def portraits(seed: int) -> Frames:
    """Two looks (2, 224, 224, 3) at somebody, a second apart."""
    actor = random_actor(seed, "talk", "portrait")
    take = Take(
        actors=(actor,), width=FACE_SIZE, height=FACE_SIZE, num_frames=2, fps=1.0, sharpness=1, seed=seed
    )
    return frames(cast(take, kept_folder()))


@pytest.fixture(scope="module")
def people() -> dict[int, Frames]:
    return {seed: portraits(seed) for seed in (3, 8)}


def shown_beside(
    face: NDArray[np.uint8], *references: NDArray[np.uint8], at: int = ELSEWHERE
) -> OpenedSample:
    """A sample whose faces are one picture, and whose references are others, of a frame of the source."""
    num = len(SAMPLE.faces)
    whole = np.tile(np.array([0, 0, FACE_SIZE, FACE_SIZE], np.float32), (num, 1))
    faces, stills = np.repeat(face[None], num, axis=0), np.stack(references)
    given = replace(SAMPLE, faces=faces, references=stills, reference_frames=np.full(len(stills), at))
    return with_controls(given, face_box=whole, face_valid=np.ones(num, np.bool_))


def test_a_face_is_nowhere_from_itself_near_to_its_next_look_and_far_from_a_strangers(
    people: dict[int, Frames],
) -> None:
    (one, later), (stranger, _) = people[3], people[8]
    assert reference_face_distance(shown_beside(one, one)) == pytest.approx(0, abs=1e-6)
    assert (reference_face_distance(shown_beside(one, one, later)) or 2) < 0.3
    assert (reference_face_distance(shown_beside(one, later, stranger)) or 0) > 0.45


def test_frames_of_the_clip_and_pictures_without_a_face_are_not_asked(people: dict[int, Frames]) -> None:
    (one, _), (stranger, _) = people[3], people[8]
    wall = np.full_like(one, 128)
    assert reference_face_distance(shown_beside(one, wall)) is None
    assert reference_face_distance(shown_beside(wall, one)) is None
    own = replace(shown_beside(one, one), frames=np.repeat(one[None], len(SAMPLE.frames), axis=0))
    assert reference_face_distance(replace(own, reference_frames=np.array([7]))) is None
    taken = replace(own, references=stranger[None], reference_frames=np.array([7]))
    assert (reference_face_distance(taken) or 0) > 0.45  # it says that it is the clip's, and is not
    small = with_controls(shown_beside(one, one), face_box=shown_beside(one, one).controls.face_box / 8)
    assert reference_face_distance(small) is None


def test_faces_are_clustered_by_person(people: dict[int, Frames]) -> None:
    faces_in = picture_faces()
    vectors = [faces_in(picture, 1.0)[0] for looks in people.values() for picture in looks]
    apart = distances_of(np.asarray(vectors, np.float32)).astype(np.float64)
    found = linked([0, 1, 2, 3], apart, GatherSettings().max_face_distance)
    assert sorted(map(sorted, found)) == [[0, 1], [2, 3]]


def test_the_share_of_speech_is_that_of_the_voice() -> None:
    take = Take(actors=(random_actor(8, "talk", "portrait", speaks=True),), num_frames=96)
    voice, speech, share = sound(take), speech_of(take, take.actors[0]), PackagedSpeech().build()
    assert speech is not None
    around = speech.times[:, None] + np.linspace(-0.15, 0.15, 31)  # syllables of a phrase touch
    spoken = len(np.unique(around[(around >= 0) & (around < 4)].round(2))) / 400
    assert share(voice, len(voice)) == pytest.approx(spoken, abs=0.1)
    half = voice.copy()
    half[len(half) // 2 :] = 0
    assert share(half, len(half)) == pytest.approx(share(voice, len(voice)) / 2, abs=0.08)
    assert share(np.zeros_like(voice), len(voice)) == 0


def test_every_measure_has_a_known_answer() -> None:
    text = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py")))
    unasked = {one.name for one in OWN if f'number("{one.name}"' not in text}
    assert unasked == {"reference_face_distance"}  # it is asked in this file
