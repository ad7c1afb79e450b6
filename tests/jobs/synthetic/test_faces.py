from __future__ import annotations

import numpy as np

from jobs.synthetic.faces import ACTIONS, A, action_offsets, expression, random_syllables

TIMES = np.arange(96) / 24


def test_a_voice_is_as_loud_as_the_mouth_is_open():
    speech = random_syllables(np.random.default_rng(1), 4.0)
    opening, _ = speech.at(TIMES)
    loud = np.sqrt((speech.sound(64_000, 16_000)[:63_936].reshape(96, -1).astype(float) ** 2).mean(axis=1))
    middle = speech.at((np.arange(96) + 0.5) * 666 / 16_000)[0]
    assert np.corrcoef(middle, loud)[0, 1] > 0.9
    assert opening.min() == 0
    assert opening.max() > 0.5
    assert np.abs(speech.sound(64_000, 16_000)).max() < 1


def test_speech_opens_the_jaw_and_without_it_the_mouth_stays_shut():
    speech = random_syllables(np.random.default_rng(1), 4.0)
    spoken, silent = (expression(np.random.default_rng(2), TIMES, 4.0, voice) for voice in (speech, None))
    assert np.corrcoef(spoken[:, A["jawOpen"]], speech.at(TIMES)[0])[0, 1] > 0.9
    assert silent[:, A["jawOpen"]].max() == 0
    assert silent.min() >= 0
    assert silent.max() <= 1
    np.testing.assert_array_equal(spoken[:, A["eyeBlinkLeft"]], silent[:, A["eyeBlinkLeft"]])
    assert silent[:, A["eyeBlinkLeft"]].max() > 0.9


def test_actions_move_what_they_name(model):
    moved = dict(zip(ACTIONS, np.linalg.norm(action_offsets(), axis=2), strict=True))
    eye, mouth = (
        model.vertices[np.unique(model.quads[model.faces("left_eye")])].mean(axis=0),
        (0, -0.66, -0.14),
    )
    for action, place in (("eyeBlinkLeft", eye), ("mouthPucker", mouth)):
        away = np.linalg.norm(model.vertices - place, axis=1)
        assert moved[action].max() > 0.005
        assert away[moved[action] > 0.5 * moved[action].max()].max() < 0.06
    assert 0.03 < moved["jawOpen"].max() < 0.05  # m
