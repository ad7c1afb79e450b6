"""Whether faces follow speech, of strangers too, once a small network knows faces.

    python -m benchmarks.speaking FOLDER

Goes on where `benchmarks.faces` ended in FOLDER, whose drawn people have voices as loud as their mouths are
open. Teaches a copy of its run speech by recipe speech_tiny and tries it; or goes on with what is there.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.learning import CLIPS, TIMES, Row, filmed, row, times
from benchmarks.machine import write_table
from jobs.commands.train import Train, train
from jobs.recipes.training import RECIPES
from model.data.batch import Batch
from model.data.loader import Loader
from model.encode.inputs import Inputs, inputs_of
from model.eval import ablation
from model.eval.ablation import Swap
from model.eval.regions import REGIONS
from model.nets.autoencoders.wan import VideoCodec
from model.nets.conditions import Conditions, Speech
from model.nets.dit import DiT
from model.train.load import trained
from model.train.objectives.speech import score_speech, speech_inputs
from model.train.settings import Training
from model.train.validation import ValidationSettings, Validator

FOLDER = Path(__file__).parent
NUMBERS = ("loss", "target", "mouth", "pace")


def main(folder: Path) -> None:
    settings, run, data = RECIPES["speech_tiny"](), folder / "runs" / "speaking", str(folder / "set")
    if not run.exists():
        shutil.copytree(folder / "runs" / "seeing", run)
    train(Train(data=(data,), out=run, recipe="speech_tiny", settings=settings), Console())
    loader = Loader(data, settings.loader)
    net, codec = trained(run, "average", torch.device("cpu"))
    rows: list[Row] = []
    for which, index in (("strangers", loader.drawn.held_out), ("clips it learned from", loader.drawn.index)):
        validator = Validator(loader, index, ValidationSettings(clips=CLIPS), codec)
        batches = [validator[clip] for clip in range(len(validator))]
        rows += [*vectors(net, batches, which), *videos(net, codec, batches, which, settings), ("",) * 5]
    write_table(
        FOLDER / "SPEAKING.md",
        "What a small network learns of speech, of drawn people",
        "python -m benchmarks.speaking FOLDER",
        [("what", *REGIONS), *rows[:-1]],
        "First distances of motion vectors (L1, in spreads): in all, that of the mean vector in their place,",
        "of the mouth's part, and of changes from frame to frame. Then the loss of velocities by region with",
        "the clip's own face crops, how many times that it is with faces by speech or with none, and how far",
        "another's speech moves the pixels of films from the same noise.",
        f"{len(loader.drawn.index)} samples learned from, {len(loader.drawn.held_out or ())} not.",
    )


def vectors(net: DiT, batches: Sequence[Batch], which: str) -> Iterator[Row]:
    """Distances of motion vectors, by a clip's own sound and by that of the next clip."""
    yield f"{which}, motion vectors", "distance", "of the mean", "mouth", "pace"
    for name, step in (("own speech", 0), ("speech of another", 1)):
        sums: Counter[str] = Counter()
        for number, batch in enumerate(batches):
            other = batches[(number + step) % len(batches)]
            with torch.no_grad():
                found = score_speech(net, replace(speech_inputs(batch), sounds=speech_inputs(other).sounds))
            sums.update({key: float(found.metrics[key]) / len(batches) for key in NUMBERS})
        yield f"{which}, {name}", *(f"{sums[key]:.3f}" for key in NUMBERS)


def videos(
    net: DiT, codec: VideoCodec, batches: Sequence[Batch], which: str, settings: Training
) -> Iterator[Row]:
    """Losses of velocities with faces by crops, speech or nothing; what another's speech moves in films."""
    batches_given = [spoken(batch, codec) for batch in batches]
    losses = partial(
        ablation.losses, net, batches_given, times=TIMES, timestep_shift=settings.timestep_shift, seed=0
    )
    swaps: dict[str, Swap] = {
        "faces by own speech": ablation.as_it_is,
        "faces by speech of another": speech_of_another,
        "no faces": no_faces,
    }
    own = losses(by_crops)
    yield f"{which}, velocities", *REGIONS
    yield row(f"{which}, own face crops", own, "{:.3f}")
    for name, swap in swaps.items():
        yield row(f"{which}, {name}", times(losses(swap), own), "{:.3f} times")
    yield from filmed(net, codec, batches_given, which, {"speech of another": speech_of_another}, settings)


def spoken(batch: Batch, codec: VideoCodec) -> Inputs:
    """The lesson of a batch, whose faces follow its sound in all."""
    given = inputs_of(batch, codec, faces=True)
    speech = Speech(sounds=speech_inputs(batch).sounds, mouth_only=False)
    return replace(given, conditions=replace(given.conditions, speech=speech))


def by_crops(mine: Conditions, _: Conditions) -> Conditions:
    """Faces as the crops show them."""
    return replace(mine, speech=None)


def speech_of_another(mine: Conditions, other: Conditions) -> Conditions:
    """Another's speech."""
    return replace(mine, speech=other.speech)


def no_faces(mine: Conditions, _: Conditions) -> Conditions:
    """No face is seen, and nothing heard."""
    assert mine.faces is not None, "lessons have them"
    hidden = mine.faces._replace(seen=torch.zeros_like(mine.faces.seen))
    return replace(mine, speech=None, faces=hidden)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
