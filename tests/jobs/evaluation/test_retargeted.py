"""A driver on bones of its own stays where it is; a film is measured in its own pixels and frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.evaluation.retargeted import laid_on
from schemas.controls import Controlled
from tests.stored import filmed, sample_of
from tests.synth import Scene


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Controlled:
    scene = Scene(number=1, width=96, height=144, num_frames=48, framing="full")
    return sample_of(filmed(tmp_path_factory.mktemp("film") / "1.mp4", scene), scene, 0, 48).scene


def test_a_driver_that_is_its_own_reference_stays(person: Controlled) -> None:
    found = laid_on(person, person, 48, 24.0)
    np.testing.assert_allclose(found.joints2d, person.controls.joints2d, atol=0.5)
    np.testing.assert_array_equal(found.score, person.controls.joints_score)
    assert (found.width, found.height) == (96, 144)


def test_frames_of_another_rate_are_those_of_their_time(person: Controlled) -> None:
    whole, half = laid_on(person, person, 48, 24.0), laid_on(person, person, 24, 12.0)
    np.testing.assert_array_equal(half.joints2d, whole.joints2d[::2])
    late = replace(person, clip=replace(person.clip, first_frame=5))
    assert laid_on(late, person, 48, 24.0).score[:5].max() == 0, "before the stretch nothing is expected"


def test_joints_are_in_pixels_of_the_film_or_nowhere(person: Controlled) -> None:
    found = laid_on(person, person, 48, 24.0)
    large = found.in_film(192, 288)
    assert large is not None
    np.testing.assert_allclose(large, 2 * found.joints2d, rtol=1e-6)
    assert found.in_film(192, 192) is None


def test_a_film_of_the_references_shape_shows_all_of_it(person: Controlled) -> None:
    cut = replace(person, to_canvas=np.array([[2.0, 0, -10], [0, 2.0, -40]]))
    found = laid_on(cut, cut, 48, 24.0)
    wide = replace(found, picture_width=120, picture_height=100)
    placed = wide.in_film(240, 200)
    assert placed is not None
    np.testing.assert_allclose(placed, np.add(found.joints2d, (10, 40)), atol=1e-3)
