"""Speech learns to move faces: what counts, what learns, and a finished run that goes on to it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
import torch
from torch import Tensor

from media.members import AROUND, num_sounds
from model.data.batch import Batch, as_input
from model.data.loader import Loader
from model.data.mixture import MixedSamples
from model.encode.inputs import blank
from model.nets.conditions import FaceCrops
from model.nets.param_groups import part
from model.nets.speech import HEARD
from model.train import checkpoint
from model.train.engines.engine import PlainEngine
from model.train.engines.optimizer import OptimizerSettings
from model.train.load import has_learned
from model.train.objectives.speech import SYNC, SpeechInputs, score_speech, speech_inputs
from model.train.objectives.video import Score
from model.train.phases import Phase, body, change, face, speech
from model.train.settings import Training
from model.train.tasks import SpeechTask, refuse_silence
from model.train.validation import ValidationSettings
from tests.model.nets_inputs import awake, eyes_and_mouth, seed, small
from tests.model.train.runs import Notes, heard, loaded, seed_of, some_codec, train, trainer, training

FRAMES = 25


def hearing(**changes: Any) -> Training:
    """A training that ends with speech."""
    return training(**{"phases": (body(2), speech(5)), "loader": heard(), "keep": 99, **changes})


@pytest.fixture(scope="module")
def settings(data_set: Path) -> Training:
    """Two of the five batches of the speech phase have sound."""
    return hearing(loader=heard(seed_of(data_set, range(2, 7), loud=2)))


@pytest.fixture(scope="module")
def whole(data_set: Path, settings: Training, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Notes]:
    """A run that nobody disturbed."""
    run = tmp_path_factory.mktemp("spoken")
    return run, train(data_set, run, settings)


@pytest.fixture(scope="module")
def batch(data_set: Path) -> Batch:
    """One clip with sound."""
    given = iter(Loader(str(data_set), hearing().loader))
    return next(one for one in given if one.has_speech.any())


def some_talk(count: int = 2) -> SpeechInputs:
    """Faces that differ from frame to frame, and noise."""
    generator = seed(3)
    crops = torch.randn(count, FRAMES, 3, 32, 32, generator=generator)
    sounds = 0.1 * torch.randn(count, FRAMES, 15_872, generator=generator)
    faces = FaceCrops(
        crops, eyes_and_mouth(count, FRAMES, side=32), torch.ones(count, FRAMES, dtype=torch.bool)
    )
    return SpeechInputs(faces=faces, sounds=sounds)


def test_a_batch_gives_faces_and_what_is_heard(batch: Batch) -> None:
    given = speech_inputs(batch)
    torch.testing.assert_close(given.faces.pixels, as_input(batch.face).transpose(1, 2))
    assert torch.equal(given.faces.seen, batch.face_valid)
    middle = given.sounds.shape[2] // 2
    assert torch.equal(given.sounds[0, 12, middle : middle + 100], batch.speech[0, 16000:16100])
    assert num_sounds(AROUND) >= HEARD / 2  # no frame hears beyond what is given
    for frame in (0, FRAMES - 1):
        first = num_sounds(frame + AROUND) - HEARD // 2
        assert torch.equal(given.sounds[0, frame], batch.speech[0, first : first + HEARD])
    assert given.sounds[0].any()
    deaf = speech_inputs(replace(batch, has_speech=torch.zeros_like(batch.has_speech)))
    assert not deaf.faces.seen.any()
    assert torch.equal(speech_inputs(replace(batch, drop_face=~batch.drop_face)).faces.seen, given.faces.seen)


def test_the_loss_is_zero_for_the_truth_and_the_targets_for_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    net, given = awake(small()), some_talk()
    truth = net.face(given.faces).detach()

    mouth, mean = small().motion.feature, truth.mean(dim=(0, 1))
    net.speech.mean_V.copy_(mean)
    net.speech.spread_V.fill_(0.25)

    def scored(answer: Tensor) -> Score:
        monkeypatch.setattr(net.speech, "forward", lambda _: answer)
        return score_speech(net, given)

    found = scored(truth)
    assert found.metrics["loss"] < 1e-5
    assert found.metrics["in_sync"] == 1
    torch.testing.assert_close(found.loss, SYNC * found.metrics["sync"], atol=1e-5, rtol=0)
    assert found.counts == 1
    found = scored(mean.expand_as(truth))
    torch.testing.assert_close(found.metrics["loss"], found.metrics["target_power"])
    wrong = torch.zeros_like(truth)
    wrong[..., -mouth:] = 0.25  # a spread, in every frame alike
    found = scored(truth + wrong)
    assert found.metrics["loss"] == pytest.approx(1, rel=1e-3)
    assert found.metrics["pace"] < 1e-4
    wrong[:, 1::2] *= -1  # and back in every other frame
    assert scored(truth + wrong).metrics["pace"] == pytest.approx(2, rel=1e-3)
    eyes = torch.zeros_like(truth)
    eyes[..., :6] = 0.25
    assert scored(truth + eyes).metrics["loss"] == pytest.approx(0.1, rel=1e-3)


def test_frames_without_a_face_do_not_count() -> None:
    net, given = awake(small()), some_talk()
    seen = given.faces.seen.clone()
    seen[0, 5:9] = False
    hidden = replace(given, faces=given.faces._replace(seen=seen))
    wild = given.faces.pixels.clone()
    wild[0, 5:9] = 100.0
    other = replace(given, faces=given.faces._replace(pixels=wild, seen=seen))
    assert torch.equal(score_speech(net, hidden).loss, score_speech(net, other).loss)
    nothing = replace(given, faces=given.faces._replace(seen=torch.zeros_like(seen)))
    found = score_speech(net, nothing)
    assert found.counts == found.loss == 0
    found.loss.backward()  # so that no rank waits for another
    assert all(weight.grad is not None and not weight.grad.any() for weight in net.speech.parameters())


def test_gradients_reach_speech_alone() -> None:
    net = awake(small())
    score_speech(net, some_talk()).loss.backward()
    reached = {part(name) for name, weight in net.named_parameters() if weight.grad is not None}
    assert reached == {"speech"}
    assert all(weight.grad is not None and weight.grad.any() for weight in net.speech.parameters())


def test_it_learns_what_can_be_heard() -> None:
    """Faces flash with the loudness of the sound: the loss falls far below saying the mean."""
    net, generator = awake(small()), seed(5)
    loud = torch.rand(1, FRAMES, generator=generator).round()
    sounds = 0.1 * torch.randn(1, FRAMES, 15_872, generator=generator) * loud[..., None]
    crops = (2 * loud - 1)[..., None, None, None] * torch.ones(3, 32, 32)
    given = SpeechInputs(faces=FaceCrops(crops, eyes_and_mouth(1, FRAMES, side=32), loud >= 0), sounds=sounds)
    vectors = net.face(given.faces).detach().flatten(0, 1)
    net.speech.mean_V.copy_(vectors.mean(dim=0))
    net.speech.spread_V.copy_(vectors.std(dim=0).clamp(min=1e-3))
    torch.nn.init.zeros_(net.speech.out.weight)
    torch.nn.init.zeros_(net.speech.out.bias)
    optimizer = torch.optim.AdamW(net.speech.parameters(), lr=1e-2)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        found = score_speech(net, given)
        found.loss.backward()
        optimizer.step()
        losses.append(float(found.metrics["loss"]))
    # it begins with the mean
    assert losses[0] == pytest.approx(float(found.metrics["target_power"]), rel=1e-4)
    assert losses[-1] < 0.3 * losses[0]


def test_mean_and_spread_are_those_of_heard_faces(data_set: Path) -> None:
    loader, net = Loader(str(data_set), heard()), awake(small())
    task = SpeechTask(loader=loader, codec=some_codec(), validation=ValidationSettings())
    task.begin(net)
    validator = task.validator(loader.drawn.index)
    assert len(validator) == loader.drawn.index.parts[0].numbers("has_audio").sum() == 4
    talks = [speech_inputs(validator[clip]) for clip in range(4)]
    assert all(one.sounds.any() for one in talks)
    vectors = torch.cat([net.face(one.faces)[0, ::5] for one in talks]).detach()
    torch.testing.assert_close(net.speech.mean_V, vectors.mean(dim=0))
    mouth = (vectors - vectors.mean(dim=0))[:, -16:]
    torch.testing.assert_close(net.speech.spread_V[-16:], mouth.square().mean().sqrt().expand(16))
    assert len(net.speech.spread_V.unique()) == 3
    with torch.no_grad():
        for weight in net.face.parameters():
            weight.zero_()
    with pytest.raises(ValueError, match="tells no two faces apart"):
        task.begin(net)


def test_held_out_clips_are_looked_at_by_what_is_heard(data_set: Path) -> None:
    loader, net = Loader(str(data_set), heard()), awake(small())
    task = SpeechTask(loader=loader, codec=some_codec(), validation=ValidationSettings(clips=2, times=1))
    settings = OptimizerSettings()
    engine = PlainEngine(net, settings, 0, device=torch.device("cpu"), dtype="float32", grad_accumulation=1)
    held = task.validator(loader.drawn.index)
    result = held.validate(engine, task.given, partial(task.score, engine), task.metrics)
    scores = [score_speech(net, speech_inputs(held[clip])) for clip in (0, 1)]
    expected = [float(score.metrics["loss"]) for score in scores]
    assert result.loss == result.metrics["loss"] == pytest.approx(sum(expected) / 2, rel=1e-5)
    assert result.metrics.keys() == set(task.metrics)
    assert result.films == ()


def test_a_data_set_without_sound_is_refused(data_set: Path) -> None:
    loader = Loader(str(data_set), heard())
    assert 0 < refuse_silence(hearing(), loader) <= len(loader.drawn.present)
    (whole,) = loader.drawn.newest.parts
    mute = MixedSamples((replace(whole, table=whole.table.filter(pc.invert(whole.table["has_audio"]))),))
    loader.drawn = replace(loader.drawn, newest=mute, index=mute, place=np.arange(len(mute)))
    with pytest.raises(ValueError, match="no sample has a face and sound: speech cannot be learned"):
        refuse_silence(hearing(), loader)
    assert refuse_silence(training(phases=(body(1),)), loader) == 0
    task = SpeechTask(loader=loader, codec=some_codec(), validation=ValidationSettings())
    with pytest.raises(ValueError, match="no sample has a face and sound: speech cannot be learned"):
        task.begin(awake(small()))
    assert not len(task.validator(mute))
    assert not len(task.validator(None))


def test_the_stage_moves_speech_and_nothing_else(whole: tuple[Path, Notes]) -> None:
    run, notes = whole
    before, after = (run / "checkpoints" / name for name in ("1-000002", "2-000005"))
    begun, ended = checkpoint.averages_of(before), checkpoint.weights_of(after)
    moved = {part(name) for name in begun if not torch.equal(begun[name], ended[name])}
    assert moved == {"speech"}
    assert not torch.equal(checkpoint.weights_of(before)["head.head.weight"], ended["head.head.weight"])
    proof = checkpoint.train_state(after)
    assert proof.frozen_before == proof.frozen_now
    assert set(proof.frozen_now) > {"base", "face_encoder", "speech"}  # its buffers
    assert "speech" in checkpoint.train_state(before).frozen_now
    assert begun["speech.spread_V"].eq(1).all()
    assert 0 < ended["speech.spread_V"].min() < ended["speech.spread_V"].max()
    assert (has_learned(run, "speech"), has_learned(run, "face_attn")) == (True, False)
    kept = notes.changes[-1][0].kept
    assert kept[0].startswith("weights: the averages")


def test_batches_without_sound_count_nothing(whole: tuple[Path, Notes]) -> None:
    spoken = [step.metrics for step in whole[1].steps if step.phase == "speech"]
    silent = [metrics for metrics in spoken if metrics["grad_norm"] == 0]
    loud = [metrics for metrics in spoken if metrics["grad_norm"] > 0]
    assert (len(silent), len(loud)) == (3, 2)
    assert all(metrics.keys() == {"grad_norm", "lr", "lr/motion"} for metrics in silent)
    assert loud[0]["loss"] == pytest.approx(loud[0]["target_power"], rel=1e-3)  # the mean, at first
    assert loud[1]["loss"] != pytest.approx(loud[1]["target_power"], rel=1e-6)


def test_an_empty_batch_asks_as_much_as_any(batch: Batch) -> None:
    net = awake(small())
    found = score_speech(net, speech_inputs(blank(batch)))
    assert found.counts == 0
    found.loss.backward()
    assert all(weight.grad is not None for weight in net.speech.parameters())


@pytest.mark.parametrize("last", ["1-000002", "2-000002"])
def test_a_run_goes_on_as_if_nothing_had_happened(
    data_set: Path, settings: Training, whole: tuple[Path, Notes], tmp_path: Path, last: str
) -> None:
    run, notes = whole
    shutil.copytree(run / "checkpoints" / last, tmp_path / "checkpoints" / last)
    again = train(data_set, tmp_path, settings)
    done = {"1-000002": 2, "2-000002": 4}[last]
    assert [step.metrics for step in again.steps] == [step.metrics for step in notes.steps[done:]]


def test_a_finished_run_without_speech_takes_up_the_added_stage(
    data_set: Path, settings: Training, whole: tuple[Path, Notes], tmp_path: Path
) -> None:
    silent = replace(settings, phases=(body(2),), loader=replace(loaded(), seed=settings.loader.seed))
    train(data_set, tmp_path, silent)
    assert not has_learned(tmp_path, "speech")
    added = train(data_set, tmp_path, settings)
    assert [step.phase for step in added.steps] == ["speech"] * 5
    assert [step.metrics for step in added.steps] == [step.metrics for step in whole[1].steps[2:]]

    def refused(message: str, changed: Training) -> None:
        with pytest.raises(ValueError, match=message):
            trainer(data_set, tmp_path, changed, Notes())

    refused("settings.phases.1.name: speech before", silent)
    refused("settings.phases.0.steps: 2 before, 3 now", replace(settings, phases=(body(3), speech(5))))
    drawn = replace(settings.loader, sample=replace(settings.loader.sample, maps="drawn"))
    refused("loader.sample.maps: baked before, drawn now", replace(settings, loader=drawn))


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(ValueError, match="a phase that teaches speech hears none"):
        hearing(loader=loaded())
    with pytest.raises(ValueError, match="speech is a task of its own"):
        Phase(name="x", steps=1, learning=("speech", "face_attn"), faces=True, task="speech")
    with pytest.raises(ValueError, match="speech is a task of its own"):
        Phase(name="x", steps=1, learning=("speech",), faces=True)
    with pytest.raises(ValueError, match="speech is a task of its own"):
        replace(face(1), task="speech")
    assert change(face(1), speech(1)).reset[0].startswith("optimizer: moments of face_attn")
