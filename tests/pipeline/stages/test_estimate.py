"""What is estimated of a clip: windows, and facets that are made again alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.stages.clip_tracks import telling
from pipeline.stages.estimate import Estimate, EstimateSettings, faces_of
from pipeline.stages.one_person import cut
from pipeline.stretches import OnePersonSettings
from schemas.arrays import joined
from schemas.tracks import Embeddings
from tests.synth import Scene, truth
from tests.tracked import clip_of, tracked_of

HOW = EstimateSettings()


def test_windows_joined_and_cut_are_what_they_were() -> None:
    track = tracked_of(Scene(num_frames=50)).person
    again = joined([cut(track, slice(0, 17)), cut(track, slice(17, 18)), cut(track, slice(18, 50))])
    assert all(
        np.array_equal(getattr(again, name), getattr(track, name), equal_nan=True)
        for name in ("points", "score", "box", "others", "valid")
    )


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 360), 48), ((1920, 1080), 16), ((3840, 2160), 4), ((16000, 16000), 1)]
)
def test_large_pictures_get_shorter_windows(size: tuple[int, int], expected: int) -> None:
    scene = Scene(num_frames=30)
    clip = clip_of(scene)
    clip = replace(clip, video=replace(clip.video, width=size[0], height=size[1]))
    assert Estimate(HOW, None).window_of(clip) == expected  # type: ignore[arg-type]


def test_large_faces_of_some_frames_tell_who_it_is() -> None:
    box = np.tile(np.array([0, 0, 40, 50], np.float32), (30, 1))
    box[12] = (0, 0, 39, 60)
    faces = truth(Scene(num_frames=30)).face
    faces = replace(faces, box=box, valid=np.arange(30) != 24)
    told = telling(faces, start=0)
    assert np.flatnonzero(told.valid).tolist() == [0], "12 is too small, 24 no face"
    told = telling(faces, start=7)
    assert np.flatnonzero(told.valid).tolist() == [5, 17, 29]


def test_faces_are_told_of_each_stretch() -> None:
    made = tracked_of(Scene(num_frames=80))
    valid = np.ones(80, np.bool_)
    valid[30:43] = False
    track = replace(made.person, valid=valid, others=np.zeros(80, np.float32))
    faces = np.zeros((80, 2), np.float32)
    faces[[12, 24, 48], [0, 1, 1]] = 1
    stage = Estimate(HOW, None, OnePersonSettings(min_overlap=0.0, min_person_share=0.0))  # type: ignore[arg-type]
    like = replace(stage.one_person, max_face_change=2.0)
    (one, two) = stage.runs_of(made.clip, track, Embeddings(vectors=faces))[:2]
    assert (one, two) == (slice(0, 13), slice(24, 30)), "another face from 24 on"
    stage = Estimate(HOW, None, like)  # type: ignore[arg-type]
    runs = stage.runs_of(made.clip, track, Embeddings(vectors=faces))
    assert runs == [slice(0, 30), slice(43, 80)]
    told = faces_of(runs, Embeddings(vectors=faces))
    np.testing.assert_allclose(told, [[0.5**0.5, 0.5**0.5], [0, 1]], rtol=1e-6)
    nobody = replace(track, valid=np.zeros(80, np.bool_))
    assert stage.runs_of(made.clip, nobody, Embeddings(vectors=faces)) == []
    assert faces_of([], Embeddings(vectors=faces)).shape == (0, 2)
