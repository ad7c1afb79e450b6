"""Who else is there: made-up bodies and faces over key frames."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.evidence import Seen
from pipeline.estimators.mediapipe.people import Crowd, DetectedFace, body_box, head_square
from pipeline.estimators.mediapipe.pose import NUM_POINTS, Pose
from pipeline.estimators.mediapipe.window import WindowBody, bodies_beside, faces_beside, find

FRAMES = np.random.default_rng(0).integers(0, 255, (13, 400, 600, 3), np.uint8)
"""Nothing in them stands still."""


def pose_at(x, y, presence=0.999, px_per_metre=100.0):
    """A body of made-up points, its head's middle near (x, y)."""
    world = np.random.default_rng(3).uniform(-0.4, 0.4, (NUM_POINTS, 3))
    points = world[:, :2] * px_per_metre
    points += np.array([x, y]) - points[7:9].mean(axis=0)
    return Pose(presence, points, np.ones(NUM_POINTS), world, Square(x, y, 200))


class Told:
    """People who are where a list says: one list of (x, y) a key frame."""

    def __init__(self, places):
        self.places = iter(places)
        self.known = []

    def __call__(self, picture, known):
        self.known.append(known)
        return Crowd([Seen(pose_at(*place), -1, 0.9) for place in next(self.places)], [])


def test_evidence_grows_with_what_is_seen_and_a_prior_holds_it_down():
    sure, unsure = Seen(pose_at(0, 0), 0, 0.9, face=0.9), Seen(pose_at(0, 0, 0.6), 0, 0.3)
    assert WindowBody({0: sure}).evidence(3.0) == pytest.approx((sure.evidence + 3) / 2)
    assert WindowBody({0: sure, 6: unsure}).evidence(3.0) < WindowBody({0: sure}).evidence(3.0)
    assert WindowBody({0: unsure, 6: sure}).best_evidence == sure.evidence


def test_who_runs_is_one_body_and_who_is_far_away_another():
    result = Told([[(100, 100)], [(160, 100)], [(500, 100)]])
    everybody = find(result, FRAMES, 6)
    assert [sorted(body.seen) for body in everybody.bodies] == [[0, 6], [12]]
    assert [number for number, _ in result.known[1]] == [0]
    assert result.known[1][0][1].x == 100  # looked for where it was


def test_two_bodies_in_one_frame_stay_two():
    everybody = find(Told([[(100, 100), (130, 100)]]), FRAMES[:1], 6)
    assert len(everybody.bodies) == 2


def test_others_hold_until_the_next_key_frame_and_across_gaps():
    ratio = bodies_beside(20, 6, {0: 100.0, 6: 100.0, 12: 50.0, 18: 100.0}, [{6: 30.0, 18: 40.0}])
    assert ratio.tolist() == [0] * 6 + [0.3] * 6 + [0.6] * 6 + [0.4] * 2


def test_the_largest_of_the_others_counts():
    ratio = bodies_beside(6, 6, {0: 100.0}, [{0: 30.0}, {0: 70.0}, {0: 10.0}])
    assert ratio.tolist() == [0.7] * 6


def test_an_equal_face_beside_the_main_person_is_an_equal_person():
    main = pose_at(200, 150)
    own = 0.7 * head_square(main, 1.0).side
    inside = body_box(main, 600, 400)[:2] + 5
    beside = np.array([500.0, 150.0])

    def ratio(*faces):
        return faces_beside(
            FRAMES, 6, {0: main}, {0: list(faces), 6: [DetectedFace(beside, own, 3.0)]}, 0.5, moving=True
        )

    assert (
        ratio(DetectedFace(beside, own, 3.0)).tolist() == [pytest.approx(1)] * 6 + [0] * 7
    )  # not there in frame 6
    assert ratio(DetectedFace(beside, own / 2, 3.0))[0] == pytest.approx(0.25)
    assert not ratio(DetectedFace(beside, own, 0.4)).any()
    assert not ratio(DetectedFace(inside, own, 3.0)).any()
