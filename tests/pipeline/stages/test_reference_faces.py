"""What is told of how far a person's faces are from each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from schemas.tracks import FaceDistances
from tests.pipeline.references.looks import HALF, clip, samples


def test_face_distance_is_that_of_the_farthest_among_the_persons_other_clips() -> None:
    distances = np.array([[0, 0.1, 0.3], [0.1, 0, 0.2], [0.3, 0.2, 0]], np.float32)
    clips = [
        replace(clip(HALF, 100 * place), identity=FaceDistances(place=place, distance=distances[place]))
        for place in range(3)
    ]
    together = {sample.scene.clip.first_frame: sample.scene.quality for sample in samples(*clips)}
    assert [together[first]["face_distance"] for first in (0, 100, 200)] == pytest.approx([0.3, 0.2, 0.3])
    (alone,) = samples(clips[1])
    assert alone.scene.quality["face_distance"] == 0
