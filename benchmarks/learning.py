"""What a small network learns of real clips: its loss on strangers, and what each condition does for it.

    python -m benchmarks.learning DATA RUNS_FOLDER

Trains recipe tiny on a data set of small canvases (`understudy curate ... --settings.control.canvas-area
24576`) twice, with all conditions and with none, or goes on with what is in RUNS_FOLDER; then tries the first
network with conditions of other clips.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks.machine import write_table
from jobs.commands.train import Train, train
from jobs.recipes.training import RECIPES
from model.data.loader import Loader
from model.data.mixture import MixedSamples
from model.data.sample_rng import DropoutRule
from model.encode.inputs import Inputs, inputs_of
from model.eval import ablation
from model.eval.ablation import Swap
from model.eval.regions import REGIONS
from model.nets.autoencoders.wan import VideoCodec
from model.nets.dit import DiT
from model.sample.solve import SamplerSettings
from model.train.load import trained
from model.train.settings import Training
from model.train.validation import ValidationSettings, Validator

FOLDER = Path(__file__).parent
COMMAND = "python -m benchmarks.learning DATA RUNS_FOLDER"
CLIPS, TIMES, FILMS = 40, 6, 4
SOLVING = SamplerSettings(steps=8)
LEAST_SEEN = 0.5
"""Share of the frames of a clip in which its face is seen; others cannot be told another's."""
BLIND = DropoutRule(references=0, motion=0, face=0, everything=1)
SWAPS: dict[str, Swap] = {
    "pose of another": ablation.pose_of_another,
    "face of another": ablation.face_of_another,
    "references of another": ablation.references_of_another,
    "nothing seen": ablation.nothing,
}
Row = tuple[str, ...]
NOTES = (
    "Losses are mean squared errors of the velocity; a network that says nothing has about 2. First the",
    "trainer's own numbers on held-out clips, then the loss by region (under the head sphere, along the",
    "skeleton, elsewhere) with a clip's own conditions, how many times that it is with another clip's, and",
    "how far those move the pixels of films that are made from the same noise.",
)


def main(data: str, runs: Path) -> None:
    learn(data, runs, FOLDER / "LEARNING.md", "What a small network learns of real clips", COMMAND)


def learn(data: str, runs: Path, table: Path, title: str, command: str, *more: str) -> None:
    """Train recipe tiny on a data set, with all conditions and with none, try both and write the table."""
    settings = RECIPES["tiny"]()
    blind = replace(settings.loader, sample=replace(settings.loader.sample, dropout=BLIND))
    for name, how in (("seeing", settings), ("blind", replace(settings, loader=blind))):
        train(Train(data=(data,), out=runs / name, recipe="tiny", settings=how), Console())
    loader = Loader(data, settings.loader)
    rows: list[Row] = [*curves(runs), ("",) * 5]
    for which, index in (("strangers", loader.drawn.held_out), ("clips it learned from", loader.drawn.index)):
        rows += [*tried(runs, loader, index, which, settings), ("",) * 5]
    held = len(loader.drawn.held_out or ())
    write_table(
        table,
        title,
        command,
        [("what", *REGIONS), *rows[:-1]],
        *NOTES,
        f"Clips that show a face, {TIMES} times each; films of {FILMS}.",
        f"{len(loader.drawn.index)} samples learned from, {held} not.",
        *more,
    )


def curves(runs: Path) -> Iterator[Row]:
    """Losses of held-out clips by step."""
    for step, loss in curve(runs / "seeing").items():
        yield f"step {step}", "", "", "", f"{loss:.3f}"


def curve(run: Path) -> dict[int, float]:
    """Losses of held-out clips by step."""
    events = EventAccumulator(str(run / "curves"), size_guidance={"scalars": 0})
    events.Reload()
    return {event.step: event.value for event in events.Scalars("validation")}


def tried(
    runs: Path, loader: Loader, index: MixedSamples | None, which: str, settings: Training
) -> Iterator[Row]:
    """By region, the loss with a clip's own conditions and without any, and what another clip's change."""
    (net, codec), (blind, _) = (
        trained(runs / name, "average", torch.device("cpu")) for name in ("seeing", "blind")
    )
    validator = Validator(loader, index, ValidationSettings(clips=CLIPS), codec)
    taken = (inputs_of(validator[clip], codec, faces=True) for clip in range(len(validator)))
    inputs = [
        one
        for one in taken
        if one.conditions.faces and one.conditions.faces.seen.float().mean() >= LEAST_SEEN
    ]

    def losses(net: DiT, swap: Swap) -> dict[str, float]:
        return ablation.losses(net, inputs, swap, times=TIMES, timestep_shift=settings.timestep_shift, seed=0)

    own = losses(net, ablation.as_it_is)
    yield row(f"{which}, own conditions", own, "{:.3f}")
    yield row(f"{which}, trained and tried with none", losses(blind, ablation.nothing), "{:.3f}")
    for name, swap in SWAPS.items():
        yield row(f"{which}, {name}", times(losses(net, swap), own), "{:.3f} times")
    yield from filmed(net, codec, inputs, which, SWAPS, settings)


def filmed(
    net: DiT,
    codec: VideoCodec,
    inputs: Sequence[Inputs],
    which: str,
    swaps: Mapping[str, Swap],
    settings: Training,
) -> Iterator[Row]:
    """How far swaps move the pixels of some clips' films, by region."""
    subset = inputs[:: -(-len(inputs) // FILMS)]
    sampler = SOLVING.as_trained(settings.timestep_shift)
    films = partial(ablation.films, net, codec, subset, sampler=sampler, seed=0)
    own = films(ablation.as_it_is)
    for name, swap in swaps.items():
        yield row(f"{which}, film, {name}", ablation.moved(subset, own, films(swap)), "{:.1f} of 255")


def row(what: str, metrics: Mapping[str, float], text: str) -> Row:
    """A number for each region, said in this way."""
    return what, *(text.format(metrics[region]) for region in REGIONS)


def times(found: Mapping[str, float], own: Mapping[str, float]) -> dict[str, float]:
    """How many times its own number each region's is."""
    return {region: found[region] / own[region] for region in REGIONS}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
