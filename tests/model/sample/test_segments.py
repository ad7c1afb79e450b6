"""Chains of segments, and the way of each from noise to latents."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

from model.flow.solver import euler
from model.flow.timesteps import descent
from model.nets.block import Block
from model.sample.segments import SEGMENT, Animator, HandOver, Stretch, num_segments, numbers_of
from model.sample.solve import Expert, SamplerSettings, Share, by_time, sample, velocity_of
from tests.model.nets.ranks import Thread, on_ranks
from tests.model.nets_inputs import awake, noisy, seed, small, some_conditions
from tests.model.train.runs import some_codec

NET = awake(small(width=24, layers=1, ffn=48))
ASK = partial(velocity_of, NET)
QUICK = SamplerSettings(steps=2)


@pytest.mark.parametrize(
    ("frames", "segments"), [(1, 1), (25, 1), (73, 1), (74, 2), (145, 2), (146, 3), (7201, 100)]
)
def test_segments_share_a_frame(frames: int, segments: int) -> None:
    assert num_segments(frames) == segments
    assert 73 + 72 * (segments - 1) >= frames
    assert segments == 1 or 73 + 72 * (segments - 2) < frames


def test_a_drive_is_read_on_and_runs_back_behind_its_end() -> None:
    assert numbers_of(0, 200).tolist() == list(range(73))
    assert numbers_of(1, 200).tolist() == list(range(72, 145))
    assert numbers_of(1, 80).tolist() == [*range(72, 80), *range(78, 13, -1)]
    assert numbers_of(0, 3).tolist()[:7] == [0, 1, 2, 1, 0, 1, 2]
    assert numbers_of(0, 1).tolist() == [0] * 73


def test_noise_goes_the_way_of_the_guided_velocity() -> None:
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())
    conditions = replace(conditions, first_given=torch.zeros(2, dtype=torch.bool))
    nothing = replace(
        conditions,
        references_seen=torch.zeros(2, 2, dtype=torch.bool),
        motion_seen=torch.zeros(2, dtype=torch.bool),
    )

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        bare = NET(x, t, nothing)
        return bare + 2.5 * (NET(x, t, conditions) - bare)

    with torch.no_grad():
        expected = euler(velocity, noise, descent(3, timestep_shift=5.0))
    found = sample(ASK, conditions, noise, SamplerSettings(steps=3, timestep_shift=5.0))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    for changed in (
        *({"references": 1.0}, {"pose": 1.0}, {"face": 1.0}, {"guidance": "independent"}),
        *({"solver": "heun"}, {"solver": "unipc"}, {"timestep_shift": 1.0}),
    ):
        other = sample(
            ASK, conditions, noise, replace(SamplerSettings(steps=3, timestep_shift=5.0), **changed)
        )
        assert not torch.allclose(other, expected, atol=1e-2)


def test_two_and_three_answers_a_step_agree_where_weights_are_nearly_equal() -> None:
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())
    two = sample(ASK, conditions, noise, QUICK)
    three = sample(ASK, conditions, noise, replace(QUICK, references=2.5 + 1e-7))
    torch.testing.assert_close(two, three, rtol=1e-5, atol=1e-5)


def test_answers_in_one_batch_say_what_they_say_one_by_one() -> None:
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())
    how = replace(QUICK, references=2.0, pose=3.0, face=4.0)
    together, apart = (sample(ASK, conditions, noise, replace(how, one_batch=on)) for on in (True, False))
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-4)


def test_where_no_face_is_told_of_its_weight_does_not_count() -> None:
    conditions, (noise, _) = replace(some_conditions(), faces=None), noisy(some_conditions())
    plain, faced = (sample(ASK, conditions, noise, replace(QUICK, face=face)) for face in (2.5, 4.0))
    assert torch.equal(plain, faced)


def test_references_that_see_one_another_alone_are_computed_once_for_all_steps() -> None:
    net = awake(small(width=24, layers=2, ffn=48, references_see="references"))
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())
    with mock.patch.object(Block, "references", autospec=True, side_effect=Block.references) as computed:
        kept = sample(partial(velocity_of, net), conditions, noise, QUICK)
        assert computed.call_count == 2  # blocks
        plain = sample(lambda given: lambda x, t: net(x, t, given), conditions, noise, QUICK)
        assert computed.call_count == 2 + 2 * QUICK.steps
    assert torch.equal(kept, plain)


def test_a_handed_over_frame_comes_out_as_it_went_in() -> None:
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())  # the second clip is handed over
    found = sample(ASK, conditions, noise, QUICK)
    assert torch.equal(found[1, :, 0], conditions.first[1])
    assert not torch.equal(found[0, :, 0], conditions.first[0])


class Recorder:
    """A drive that differs in every frame, and what was asked of it."""

    def __init__(self, side: int = 16) -> None:
        self.side = side
        self.asked: list[list[int]] = []

    def __call__(self, numbers: np.ndarray) -> Stretch:
        self.asked.append(numbers.tolist())
        maps = torch.tensor(numbers).float().view(1, -1, 1, 1).expand(6, -1, self.side, self.side) / 200
        faces, points = torch.zeros(len(numbers), 3, 32, 32), torch.zeros(len(numbers), 3, 2)
        return Stretch(maps, faces, points, torch.ones(len(numbers), dtype=torch.bool))


REFERENCES = torch.randn(2, 16, 2, 2, generator=torch.Generator().manual_seed(4))


def animator(seed: int = 0, hand_over: HandOver = "frame", *, match_colours: bool = False) -> Animator:
    return Animator(
        net=NET,
        codec=some_codec(),
        device=torch.device("cpu"),
        how=QUICK,
        hand_over=hand_over,
        match_colours=match_colours,
        seed=seed,
    )


@pytest.mark.parametrize("frames", [1, 30, 73, 74, 150])
def test_a_video_has_the_frames_of_its_drive(frames: int) -> None:
    drive = Recorder()
    parts = list(animator()(REFERENCES, drive, frames))
    assert len(drive.asked) == len(parts) == num_segments(frames)
    assert all(len(asked) == SEGMENT for asked in drive.asked)
    assert torch.cat(parts).shape == (frames, 3, 16, 16)


@pytest.mark.parametrize("hand_over", ["frame", "latent"])
def test_a_segment_begins_where_the_one_before_ended(hand_over: HandOver) -> None:
    made = animator(hand_over=hand_over)
    whole = torch.cat(list(made(REFERENCES, Recorder(), 146)))
    assert whole.shape[0] == 146
    stretch = Recorder()(numbers_of(0, 146))
    latents = sample(ASK, made.conditions(REFERENCES, stretch, None), made.noise(0, stretch), QUICK)
    video = made.codec.decode(latents)[0].transpose(0, 1)
    expected = (
        latents[:, :, -1]
        if hand_over == "latent"
        else made.codec.encode(video[-1:].transpose(0, 1)[None])[:, :, 0]
    )
    conditions = made.conditions(REFERENCES, Recorder()(numbers_of(1, 146)), expected)
    assert conditions.first_given.all()
    second = made.codec.decode(sample(ASK, conditions, made.noise(1, stretch), QUICK))[0].transpose(0, 1)
    assert torch.equal(whole[:73], video)
    assert torch.equal(whole[73:145], second[1:])


def test_the_same_seed_gives_the_same_bytes_and_another_others() -> None:
    one, again, other = (torch.cat(list(animator(seed)(REFERENCES, Recorder(), 80))) for seed in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one[:73], other[:73])
    assert not torch.equal(one[74:], other[74:])


def test_times_are_shifted_as_in_training_unless_said_otherwise() -> None:
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())
    assert QUICK.as_trained(5.0) == replace(QUICK, timestep_shift=5.0)
    assert replace(QUICK, timestep_shift=2.0).as_trained(5.0).timestep_shift == 2.0
    found = [
        sample(ASK, conditions, noise, how) for how in (QUICK, QUICK.as_trained(1.0), QUICK.as_trained(3.0))
    ]
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])


def test_of_two_networks_one_is_asked_above_a_time_and_one_below_it() -> None:
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())
    other = awake(small(width=24, layers=1, ffn=48))
    other.head.head.bias.data += 1
    both = by_time(NET, Expert(other, 0.9), conditions)
    with torch.no_grad():
        for time, net in ((0.95, other), (0.9, other), (0.89, NET)):
            at = torch.full((2,), time)
            assert torch.equal(both(noise, at), net(noise, at, conditions))
    alone, pair = animator(), replace(animator(), much_noise=Expert(other, 0.9))
    assert not torch.equal(*(next(made(REFERENCES, Recorder(), 5)) for made in (alone, pair)))


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("one_batch", [True, False])
def test_processes_that_share_the_answers_of_a_step_find_what_one_finds(
    size: int, *, one_batch: bool
) -> None:
    """Two answers are asked for, so of three processes one has none."""
    conditions, (noise, _) = some_conditions(), noisy(some_conditions())
    how = replace(QUICK, one_batch=one_batch)

    def act(rank: Thread) -> Tensor:
        def summed(mine: Tensor) -> Tensor:
            row = rank.swap(mine.flatten().repeat(size), [mine.numel()] * size, [mine.numel()] * size)
            return row.view(size, *mine.shape).sum(dim=0)

        return sample(ASK, conditions, noise, how, Share(rank.rank, size, summed))

    expected = sample(ASK, conditions, noise, how)
    for found in on_ranks(size, act):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_processes_that_share_tokens_make_the_film_of_one() -> None:
    """One picture of 1 token cannot be shared, so canvases are of 32 px."""
    drive, references = Recorder(side=32), torch.randn(2, 16, 4, 4, generator=seed(4))

    def act(rank: Thread | None) -> Tensor:
        net = awake(small(width=24, layers=1, ffn=48))
        net.group = rank
        return next(replace(animator(), net=net)(references, drive, 5))

    expected = act(None)
    for found in on_ranks(2, act):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_tiles_of_a_codec_that_sees_no_surroundings_make_the_same_film() -> None:
    drive, references = Recorder(side=128), torch.randn(1, 16, 16, 16, generator=seed(4))
    whole, tiled = (next(replace(animator(), tile_px=px)(references, drive, 5)) for px in (0, 64))
    torch.testing.assert_close(tiled, whole, rtol=1e-4, atol=1e-4)


def test_segments_follow_one_another_in_the_same_colours() -> None:
    """A codec that is fitted to nothing changes colours whenever a frame goes through it."""
    loose, tight = (
        torch.cat(list(animator(match_colours=on)(REFERENCES, Recorder(), 80))) for on in (False, True)
    )
    assert torch.equal(loose[:73], tight[:73])
    assert not torch.equal(loose[73:], tight[73:])
    again = torch.cat(list(animator(match_colours=True)(REFERENCES, Recorder(), 80)))
    assert torch.equal(again, tight)
