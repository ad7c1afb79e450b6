"""Small trainings for tests, in this process or as a program: `python -m tests.model.train.runs JSON`."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.data.loader import Loader
from model.data.position import advance
from model.data.settings import LoaderSettings
from model.data.windows import WindowRule
from model.nets.autoencoders.patches import VALUES, PatchCodec
from model.nets.sizes import Sizes
from model.sample.solve import SamplerSettings
from model.train import checkpoint
from model.train.engines.engine import Engine
from model.train.engines.optimizer import Kind, OptimizerSettings
from model.train.loop import StepMetrics, Trainer
from model.train.phases import Change, Phase, body, everything, face, speech
from model.train.settings import Training
from model.train.validation import ValidationResult, ValidationSettings
from tests.model.data import sets
from tests.model.nets_inputs import small
from tests.processes import counting

STAGES = (body(4), face(3), everything(3))


def loaded() -> LoaderSettings:
    """One clip of 25 frames a batch, read from stored maps."""
    base = sets.settings()
    order = replace(base.order, window=WindowRule(max_frames=25), max_tokens=500)
    return replace(base, order=order, sample=replace(base.sample, maps="baked"))


def heard(seed: int = 0) -> LoaderSettings:
    """The same with sound."""
    return replace(loaded(), sample=replace(loaded().sample, speech=True), seed=seed)


def seed_of(data: Path, slots: range, loud: int) -> int:
    """The first seed that puts clips with sound into so many of these slots."""

    def found(seed: int) -> int:
        loader = Loader(str(data), heard(seed))
        places = (advance(loader.position, slot, loader.order.slots_of) for slot in slots)
        draws = [loader.order.epoch(place.epoch).slot(place.slot)[0] for place in places]
        return sum(loader.drawn.index.row(draw.row).has_audio for draw in draws)

    return next(seed for seed in itertools.count() if found(seed) == loud)


def short(seed: int) -> dict[str, Any]:
    """Changes to a training that make it short and leave every checkpoint."""
    return {"phases": (body(2), face(2), speech(2)), "loader": heard(seed), "keep": 9, "save_every": 1}


def training(**changes: Any) -> Training:
    """A training of seconds."""
    base = Training(
        sizes=tiny_sizes(),
        phases=STAGES,
        optimizer=OptimizerSettings(lr=1e-3, motion_share=0.5, warmup_steps=2, ema_decay=0.9),
        head_weight=2.0,
        loader=loaded(),
        dtype="float32",
        zero_stage=None,
        activation_checkpointing=False,
        timestep_shift=1.0,
        save_every=2,
        validation=ValidationSettings(clips=2, times=1, sampler=SamplerSettings(steps=1)),
    )
    return replace(base, **changes)


def tiny_sizes() -> Sizes:
    """Sizes that take milliseconds."""
    return small(width=24, heads=4, layers=1, ffn=48)


def copy_until(run: Path, last: str, other: Path) -> None:
    """Copy a run's checkpoints to another, up to the one of this name."""
    for folder in checkpoint.checkpoints(run):
        if folder.name <= last:
            shutil.copytree(folder, other / "checkpoints" / folder.name)


def some_codec() -> PatchCodec:
    """A codec that is fitted to nothing."""
    basis = torch.randn(VALUES, 16, generator=torch.Generator().manual_seed(3))
    return PatchCodec(torch.zeros(VALUES), torch.linalg.qr(basis).Q, torch.full((16,), 3.0))


class Notes:
    """Keeps all that is said, and writes losses to a file as they come."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.changes: list[tuple[Change, int]] = []
        self.steps: list[StepMetrics] = []
        self.results: list[tuple[ValidationResult, int]] = []
        self.folders: list[Path] = []

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        self.changes.append((changed, done))

    def stepped(self, step: StepMetrics) -> None:
        self.steps.append(step)
        if self.file is not None:
            with self.file.open("a") as opened:
                opened.write(
                    json.dumps([step.total, step.metrics.get("loss"), step.metrics["grad_norm"]]) + "\n"
                )

    def validated(self, result: ValidationResult, total: int) -> None:
        self.results.append((result, total))

    def saved(self, folder: Path) -> None:
        self.folders.append(folder)

    @property
    def losses(self) -> list[float | None]:
        return [step.metrics.get("loss") for step in self.steps]


def trainer(
    data: Path, run: Path, settings: Training, notes: Notes, rank: int = 0, world_size: int = 1, **how: Any
) -> Trainer:
    """A training about to begin or to go on."""
    loader = Loader(str(data), settings.loader, rank=rank, world_size=world_size)
    return Trainer(run, settings, loader, some_codec(), torch.device("cpu"), notes, **how)


def train(data: Path, run: Path, settings: Training) -> Notes:
    """A training to its end."""
    notes = Notes()
    trainer(data, run, settings, notes).train()
    return notes


def weight_of(engine: Engine, name: str) -> Tensor:
    """A weight, to be kept."""
    return next(engine.weights([name])).clone()


def state_of(engine: Engine, name: str, kind: Kind) -> Tensor:
    """A state of a weight, to be kept."""
    return next(engine.states([name], kind)).clone()


def main(result: dict[str, Any]) -> None:
    """One rank of a training, as a program."""
    from model.train.engines.deepspeed import join

    if "kill_at" in result:
        counting(Path(result["trainings"][0]["run"]), result["kill_at"])
    rank, world_size = 0, 1
    for one in result["trainings"]:
        how = short(one["short"]) if "short" in one else {}
        settings = training(**(how | one["settings"]))
        if settings.zero_stage and not torch.distributed.is_initialized():
            join(torch.device("cpu"))
        if torch.distributed.is_initialized():
            rank, world_size = torch.distributed.get_rank(), torch.distributed.get_world_size()
        notes = Notes(Path(one["losses"]) if rank == 0 else None)
        shared = settings.sequence_parallel
        place = (rank // shared, world_size // shared)
        trainer(Path(result["data"]), Path(one["run"]), settings, notes, *place).train()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
