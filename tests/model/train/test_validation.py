"""Held-out clips: never learned from, looked at with the same windows, times and noise."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from model.data.loader import Loader
from model.sample.solve import SamplerSettings
from model.train import checkpoint
from model.train.phases import body, everything
from model.train.settings import Training
from model.train.tensorboard import TensorBoardWriter, as_gif
from model.train.validation import ValidationResult, ValidationSettings, Validator, turns
from tests.model.train.runs import Notes, loaded, some_codec, train, trainer, training

CLOSE = ValidationSettings(every=2, clips=3, times=2, films=1, sampler=SamplerSettings(steps=2))


def looked_at(**changes) -> Training:
    base = loaded()
    loader = replace(base, order=replace(base.order, held_out=0.3))
    return training(loader=loader, validation=CLOSE, phases=(body(3), everything(1)), **changes)


@pytest.fixture(scope="module")
def run(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Notes]:
    out = tmp_path_factory.mktemp("run")
    return out, train(data_set, out, looked_at(keep=9, save_every=1))


def test_looks_are_taken_at_the_start_now_and_then_and_at_the_end_of_stages(run) -> None:
    _, notes = run
    assert [total for _, total in notes.results] == [0, 2, 3, 4]
    losses = [result.loss for result, _ in notes.results]
    assert len(set(losses)) == 4
    (film,) = notes.results[-1][0].films
    frames, _, width, _ = film.pictures.shape
    assert (frames, width % 4) == (25, 0)
    reference, maps, made, real = film.pictures.split(width // 4, dim=2)
    assert torch.equal(reference[0], reference[-1])
    assert maps.float().mean() < real.float().mean()
    assert made.float().std() > 1


def test_what_is_held_out_is_never_drawn_and_always_the_same(data_set: Path) -> None:
    settings = looked_at().loader
    loader = Loader(str(data_set), settings)
    held = Validator(loader, loader.drawn.held_out, CLOSE, some_codec())
    again = Validator(loader, loader.drawn.held_out, CLOSE, some_codec())
    keys = [held[clip].keys[0] for clip in range(len(held))]
    assert len(set(keys)) == 3
    for clip in range(3):
        one, other = held[clip], again[clip]
        assert one.starts == other.starts
        assert torch.equal(one.video, other.video)
        assert one.references.shape[1] == 1
        assert not one.drop_pose.any()
    index = loader.drawn.index
    drawn = {row.key for number in range(40) for row in [index.row(number % len(index))]}
    assert loader.drawn.held_out is not None
    assert not drawn & set(loader.drawn.held_out.parts[0].table["key"].to_pylist())
    assert set(keys) <= set(loader.drawn.held_out.parts[0].table["key"].to_pylist())


def test_looking_changes_nothing_of_the_training(run, data_set: Path, tmp_path: Path) -> None:
    _, notes = run
    seldom = replace(looked_at(), validation=replace(CLOSE, every=99, films=0, clips=1))
    blind = train(data_set, tmp_path, seldom)
    assert [step.metrics for step in blind.steps] == [step.metrics for step in notes.steps]
    assert len(blind.results) == 3


def test_a_resumed_run_sees_the_same(run, data_set: Path, tmp_path: Path) -> None:
    whole, notes = run
    (tmp_path / "checkpoints").mkdir()
    name = checkpoint.checkpoints(whole)[0].name
    assert name == "1-000001"
    (tmp_path / "checkpoints" / name).symlink_to(whole / "checkpoints" / name)
    again = train(data_set, tmp_path, looked_at(keep=9))
    assert [total for _, total in again.results] == [2, 3, 4]
    assert [result.loss for result, _ in again.results] == [result.loss for result, _ in notes.results[1:]]


def test_nothing_is_looked_at_where_nothing_is_held_out(data_set: Path, tmp_path: Path) -> None:
    assert not len(trainer(data_set, tmp_path, training(), Notes()).validator)


@pytest.mark.parametrize(("clips", "world_size"), [(1, 1), (5, 2), (3, 4), (4, 2)])
def test_every_rank_takes_as_many_turns_and_every_clip_counts_once(clips: int, world_size: int) -> None:
    all_turns = [list(turns(clips, rank, world_size)) for rank in range(world_size)]
    assert len({len(some) for some in all_turns}) == 1
    counted = sorted(clip for some in all_turns for clip, counts in some if counts)
    assert counted == list(range(clips))


def test_films_lie_beside_the_curves(run, tmp_path: Path) -> None:
    _, notes = run
    result, _ = notes.results[-1]
    curves = TensorBoardWriter(tmp_path)
    curves.validated(result, 4)
    curves.close()
    events = EventAccumulator(str(tmp_path), size_guidance={"images": 0})
    events.Reload()
    assert [event.value for event in events.Scalars("validation")] == [pytest.approx(result.loss)]
    (film,) = result.films
    (event,) = events.Images(f"held out {film.key}")
    with Image.open(io.BytesIO(event.encoded_image_string)) as gif:
        assert (gif.width, gif.height) == (event.width, event.height)
        assert len(list(ImageSequence.Iterator(gif))) == 25
        assert gif.info["duration"] == 40
    assert as_gif(film.pictures) == event.encoded_image_string
    assert isinstance(result, ValidationResult)


def test_pictures_of_a_film_are_near_those_that_were_made() -> None:
    grey = torch.linspace(0, 255, 96).to(torch.uint8)
    across, down = torch.meshgrid(grey, grey, indexing="xy")
    made = torch.stack([torch.stack([across, down, across.flip(1)], -1), torch.stack([down] * 3, -1)])
    with Image.open(io.BytesIO(as_gif(made))) as gif:
        shown = [np.asarray(picture.convert("RGB"), np.float32) for picture in ImageSequence.Iterator(gif)]
    assert np.abs(np.stack(shown) - made.numpy()).mean(axis=(1, 2, 3)).max() < 8


def test_settings_that_look_at_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="validation looks at 1 clip at least"):
        ValidationSettings(clips=0)
    base = loaded()
    with pytest.raises(ValueError, match="held_out is a share of the sources"):
        replace(base.order, held_out=1.0)
