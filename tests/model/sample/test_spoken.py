"""Faces that follow a speech of any length over a drive of another."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.nets.speech import HEARD
from model.sample.segments import Animator, Stretch, num_segments, numbers_of
from model.sample.solve import SamplerSettings
from model.sample.spoken import SpokenDrive
from tests.model.sample.test_segments import NET, REFERENCES, Recorder
from tests.model.train.runs import some_codec

SECOND = 16_000
SOUND = (3000 * torch.randn(7 * SECOND, generator=torch.Generator().manual_seed(1))).to(torch.int16)
FRAMES = 168


def drive(recorder: Recorder, frames: int = 30, *, mouth_only: bool = True) -> SpokenDrive:
    return SpokenDrive(drive=recorder, frames=frames, sound=SOUND.numpy(), mouth_only=mouth_only)


def sounds(stretch: Stretch) -> torch.Tensor:
    assert stretch.speech is not None
    return stretch.speech.sounds[0]


def test_a_shorter_drive_goes_back_and_forth_under_the_speech() -> None:
    recorder = Recorder()
    drive(recorder)(numbers_of(0, FRAMES))
    assert recorder.asked[0][:31] == [*range(30), 28]
    assert recorder.asked[0][57:60] == [1, 0, 1]
    assert max(recorder.asked[0]) == 29
    still = Recorder()
    drive(still, frames=1)(numbers_of(1, FRAMES))
    assert set(still.asked[0]) == {0}


def test_a_frame_hears_the_same_wherever_segments_are_cut() -> None:
    spoken = drive(Recorder())
    whole = sounds(spoken(np.arange(FRAMES)))
    for segment in range(num_segments(FRAMES)):
        numbers = numbers_of(segment, FRAMES)
        assert torch.equal(sounds(spoken(numbers)), whole[torch.from_numpy(numbers)])
    start = 72 * SECOND // 24 - HEARD // 2
    assert torch.equal(whole[72], SOUND[start : start + HEARD].float() / 2**15)


@torch.inference_mode()
def test_tokens_do_not_depend_on_where_segments_are_cut() -> None:
    spoken = drive(Recorder(), mouth_only=False)
    second, third = numbers_of(1, FRAMES), np.arange(100, 130)
    one, other = (NET.speech(sounds(spoken(numbers))[None])[0] for numbers in (second, third))
    torch.testing.assert_close(one[100 - 72 : 130 - 72], other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mouth_only", [True, False])
def test_a_speech_makes_another_video(mouth_only: bool) -> None:
    def made(sound: torch.Tensor) -> torch.Tensor:
        spoken = SpokenDrive(drive=Recorder(), frames=30, sound=sound.numpy(), mouth_only=mouth_only)
        animator = Animator(
            net=NET,
            codec=some_codec(),
            device=torch.device("cpu"),
            how=SamplerSettings(steps=1, references=1, pose=1, face=1),
            hand_over="frame",
            match_colours=True,
            seed=0,
        )
        return torch.cat(list(animator(REFERENCES, spoken, 60)))

    one, other = made(SOUND), made(torch.zeros_like(SOUND))
    assert one.shape[0] == 60
    assert not torch.equal(one, other)
    assert torch.equal(one, made(SOUND))
