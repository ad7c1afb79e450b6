"""What frames hear, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.nets.conditions import Conditions, Speech
from model.nets.dit import DiT
from model.nets.param_groups import parts
from model.nets.sizes import tiny, wan_1b
from model.nets.speech import HEARD, SpeechEncoder, SpeechSizes, heard, log_mel, mel_bands, six_layers
from tests.model.nets_inputs import awake, change, noisy, seed, small, some_conditions

SECOND = 16_000


@pytest.fixture(scope="module")
def encoder() -> SpeechEncoder:
    return awake(small()).speech


def noise(samples: int, number: int = 0) -> Tensor:
    return 0.1 * torch.randn(1, samples, generator=seed(number))


def vectors_of(encoder: SpeechEncoder, sound: Tensor, frames: int) -> Tensor:
    with torch.inference_mode():
        return encoder(heard(sound, torch.arange(frames)))


def test_a_frame_hears_half_a_second_to_either_side() -> None:
    sound = torch.arange(1, 3 * SECOND + 1)[None]
    windows = heard(sound, torch.tensor([0, 1, 2, 24, 71, 200]))
    assert windows.shape == (1, 6, HEARD)
    assert pytest.approx(1, abs=0.02) == HEARD / SECOND
    assert (windows[0, :, HEARD // 2] - 1).tolist() == [0, 667, 1333, 16_000, 47_333, -1]
    assert not windows[0, 0, : HEARD // 2].any()  # silence before the first sample
    assert torch.equal(windows[0, 3], sound[0, 16_000 - HEARD // 2 : 16_000 + HEARD // 2])
    assert windows[0, 4].eq(0).sum() == 47_333 + HEARD // 2 - 48_000
    assert not windows[0, 5].any()  # and behind the last


def test_frames_far_into_a_sound_are_where_they_are() -> None:
    hour = torch.zeros(1, 3600 * SECOND, dtype=torch.int16)
    hour[0, 3599 * SECOND] = 1
    assert heard(hour, torch.tensor([3599 * 24]))[0, 0].nonzero().tolist() == [[HEARD // 2]]


def test_every_band_hears_something_and_a_tone_is_in_its_own() -> None:
    bands = mel_bands()
    assert bands.shape == (80, 257)
    assert (bands.sum(dim=1) > 0.5).all()
    for frequency in (200.0, 1000.0, 5000.0):
        tone = 0.5 * torch.sin(2 * torch.pi * frequency * torch.arange(HEARD) / SECOND)
        loudest = int(log_mel(tone[None])[0, :, 48].argmax())
        assert bands[loudest, round(frequency * 512 / SECOND)] > 0.3
    silence = log_mel(torch.zeros(1, HEARD))
    assert silence.shape == (1, 80, 97)
    torch.testing.assert_close(silence, torch.full_like(silence, -2.0))


def test_vectors_are_those_of_the_motion_encoder(encoder: SpeechEncoder) -> None:
    vectors = vectors_of(encoder, noise(SECOND).expand(2, -1), 25)
    assert vectors.shape == (2, 25, small().motion.vector)
    assert torch.equal(vectors, vectors_of(encoder, noise(SECOND).expand(2, -1), 25))
    assert change(vectors_of(encoder, noise(SECOND, 1), 25), vectors[:1]) > 0.1


def test_a_fresh_encoder_says_the_mean_in_any_precision() -> None:
    fresh = DiT(small(), seed(0)).speech
    fresh.mean_V += torch.linspace(-1, 1, len(fresh.mean_V))
    assert torch.equal(vectors_of(fresh, noise(SECOND), 3)[0, 2], fresh.mean_V)
    half = fresh.bfloat16()
    assert vectors_of(half, noise(SECOND), 3).dtype == torch.float32


def test_half_precision_says_nearly_the_same(encoder: SpeechEncoder) -> None:
    half = awake(small()).bfloat16().speech
    sounds = noise(SECOND)
    expected = vectors_of(encoder, sounds, 12)
    off = (vectors_of(half, sounds, 12) - expected).square().mean() / expected.var()
    assert off.sqrt() < 0.05


@pytest.mark.parametrize("at_s", [0.75, 1.0, 1.3])
def test_a_sound_moves_the_frames_near_it_and_no_others(encoder: SpeechEncoder, at_s: float) -> None:
    quiet = noise(3 * SECOND)
    click = quiet.clone()
    click[0, int(at_s * SECOND)] += 1
    moved = (vectors_of(encoder, click, 72) - vectors_of(encoder, quiet, 72)).abs().amax(dim=2)[0]
    times = torch.arange(72) / 24
    near, reach = (times - at_s).abs(), HEARD / 2 / SECOND
    assert not moved[near > reach].any()
    assert (moved[near < reach - 0.02] > 0).all()
    middle = float((times * moved).sum() / moved.sum())
    assert middle == pytest.approx(at_s, abs=0.05)


@pytest.mark.parametrize("first", [3, 24, 72])
def test_it_does_not_matter_where_a_sound_is_cut(encoder: SpeechEncoder, first: int) -> None:
    sound = noise(5 * SECOND)
    whole = vectors_of(encoder, sound, 120)
    with torch.inference_mode():
        later = encoder(heard(sound, torch.arange(first, first + 40)))
        alone = encoder(heard(sound, torch.tensor([first + 7])))
    torch.testing.assert_close(later, whole[:, first : first + 40], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(alone[:, 0], whole[:, first + 7], rtol=1e-4, atol=1e-5)


def test_sizes() -> None:
    with torch.device("meta"):
        large = SpeechEncoder(six_layers(), wan_1b().motion.vector)
    assert wan_1b().speech == six_layers()
    assert sum(weight.numel() for weight in large.parameters()) == pytest.approx(21e6, rel=0.02)
    assert large.out.out_features == 548
    with pytest.raises(ValueError, match="speech width 50 does not make 4 heads"):
        SpeechSizes(width=50, heads=4, layers=1)


def spoken(conditions: Conditions, *, mouth_only: bool, number: int = 0) -> Conditions:
    sounds = heard(noise(SECOND, number).expand(2, -1), torch.arange(9))
    return replace(conditions, speech=Speech(sounds, mouth_only))


@torch.inference_mode()
def test_speech_moves_the_mouth_or_all_of_the_face() -> None:
    net, conditions = awake(small()), some_conditions()
    assert conditions.faces is not None
    shown = net.motion(conditions.faces, None)
    result = net.speech(spoken(conditions, mouth_only=True).speech.sounds)  # type: ignore[union-attr]
    mouth = small().motion.feature
    some = net.motion(conditions.faces, spoken(conditions, mouth_only=True).speech)
    assert torch.equal(some[..., -mouth:], result[..., -mouth:])
    assert torch.equal(some[..., :-mouth], shown[..., :-mouth])
    assert torch.equal(net.motion(conditions.faces, spoken(conditions, mouth_only=False).speech), result)


@pytest.mark.parametrize("mouth_only", [True, False])
@torch.inference_mode()
def test_speech_reaches_the_video_where_a_face_is_seen(mouth_only: bool) -> None:
    net, conditions = awake(small()), some_conditions()
    x, t = noisy(conditions)
    one, two = (spoken(conditions, mouth_only=mouth_only, number=number) for number in (0, 1))
    assert change(net(x, t, one), net(x, t, conditions)) > 0.01
    assert change(net(x, t, one), net(x, t, two)) > 0.001
    assert conditions.faces is not None
    hidden = conditions.faces._replace(seen=torch.zeros_like(conditions.faces.seen))
    for changed in (replace(one, faces=hidden), replace(one, motion_seen=torch.zeros(2, dtype=torch.bool))):
        assert torch.equal(net(x, t, changed), net(x, t, replace(changed, speech=two.speech)))


def test_the_rest_of_a_network_is_drawn_as_without_speech() -> None:
    """Weights of seeds that were used before there was speech, and the same whatever the encoder's size."""
    one = DiT(tiny(), seed(0)).state_dict()
    other = DiT(replace(tiny(), speech=SpeechSizes(width=8, heads=2, layers=1)), seed(0)).state_dict()
    rest = [name for name in one if not name.startswith("speech.")]
    assert all(torch.equal(one[name], other[name]) for name in rest)
    assert {name.split(".")[0] for name in set(one) - set(rest)} == {"speech"}
    assert min(parts(DiT(small(), seed(0)))["speech"]) == "speech.blocks.0.attention.k.bias"
