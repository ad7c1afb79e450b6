"""What speaks for a body and what against it: made-up poses of known scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.evidence import Seen, log_odds, misfit
from pipeline.estimators.mediapipe.pose import NUM_POINTS, Pose

WORLD = np.random.default_rng(3).uniform(-0.4, 0.4, (NUM_POINTS, 3))
POSE = Pose(0.999, 150 * WORLD[:, :2] + (300, 200), np.ones(NUM_POINTS), WORLD, Square(0, 0, 1))
SURE = log_odds(0.999) + log_odds(0.9)


def test_presence_and_detection_speak_for_a_body():
    assert Seen(POSE, 0, 0.9).evidence == pytest.approx(SURE)
    assert Seen(POSE, 0, 0.0).evidence == pytest.approx(log_odds(0.999) + log_odds(0.2))


def test_a_face_speaks_twice_and_its_absence_not():
    assert Seen(POSE, 0, 0.9, face=0.8).evidence == pytest.approx(SURE + 2 * log_odds(0.8))
    assert Seen(POSE, 0, 0.9, face=0.3).evidence == pytest.approx(SURE)


def test_a_palm_as_large_as_the_head_speaks_against_a_body_without_a_face():
    assert Seen(POSE, 0, 0.9, palm=0.9).evidence == pytest.approx(SURE - log_odds(0.9))
    both = Seen(POSE, 0, 0.9, face=0.95, palm=0.9).evidence
    assert both == pytest.approx(SURE + 2 * log_odds(0.95) - 0.05 * log_odds(0.9))


def test_metres_that_fit_no_pixels_speak_against_a_body():
    wrong = replace(POSE, points=POSE.points[::-1])
    assert misfit(POSE) == pytest.approx(0, abs=1e-9)
    assert misfit(wrong) > 0.5
    assert Seen(wrong, 0, 0.9).evidence < SURE - 10


def test_the_misfit_is_that_of_seen_points():
    points, seen = POSE.points.copy(), np.ones(NUM_POINTS)
    points[20:], seen[20:] = 0, 0
    assert misfit(replace(POSE, points=points, visibility=seen)) == pytest.approx(0, abs=1e-9)
    assert misfit(replace(POSE, visibility=np.zeros(NUM_POINTS))) == 1.0


def test_odds_are_held_within_bounds():
    assert log_odds(1.0) == log_odds(0.999) == pytest.approx(-log_odds(1e-9))
    assert log_odds(0.5) == 0
