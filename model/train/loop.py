"""The training: phase after phase, read, score, step, tell, save; from the last checkpoint on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Generator, Tensor

from model.data.batch import Batch
from model.data.loader import Loader
from model.data.position import Position, advance
from model.encode.inputs import blank, generator_of
from model.nets.autoencoders.wan import VideoCodec
from model.nets.dit import DiT
from model.nets.kernels import kernel_for, use_kernel
from model.nets.param_groups import part
from model.nets.pretrained.hearing import Hearing
from model.train import checkpoint, init
from model.train.agreement import agreed
from model.train.curriculum import under
from model.train.engines.engine import DTYPES
from model.train.faults import DivergenceCheck, reporting_no_memory
from model.train.frozen import Digests, digests, prove
from model.train.objectives.video import Score
from model.train.phases import Change, Phase, States, change, enter
from model.train.saving import Saver
from model.train.settings import Training, check_same
from model.train.stopwatch import Stopwatch, most_memory
from model.train.tasks import task_of
from model.train.validation import ValidationResult
from storage.stored_weights import StoredWeights


@dataclass(frozen=True, kw_only=True)
class StepMetrics:
    """What one step says."""

    phase: str
    step: int
    """Steps of the phase that are done, this one included."""
    steps: int
    """Steps of the phase."""
    total: int
    """Steps of all phases that are done."""
    metrics: dict[str, float]
    """Means over the batches of all ranks; where nothing in them counts, gradient and rate alone."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Of this rank, by part: see `model.train.stopwatch`."""
    speed: dict[str, float] = field(default_factory=dict)
    """What follows from those: see `jobs.console.train_speed`."""
    memory_gib: float = 0.0
    """The most that this rank has taken of its device so far."""
    shown: tuple[tuple[int, ...], ...] = ()
    """Of each batch of this rank: clips, frames, height, width, references."""


class TrainObserver(Protocol):
    """Whoever looks on."""

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase is entered, of which so many steps are done."""
        ...

    def stepped(self, step: StepMetrics) -> None:
        """A step was taken."""
        ...

    def validated(self, result: ValidationResult, total: int) -> None:
        """Held-out clips were looked at, after so many steps of all phases."""
        ...

    def saved(self, folder: Path) -> None:
        """A checkpoint was written."""
        ...


class Trainer:
    """One rank of a training. All ranks do the same; the first writes.

    With `new_epoch`, a run whose data set is another than before goes on with the next epoch. Once `asked`
    says so to any rank, all stop after their step and a checkpoint.

    Raises (at birth):
        ValueError: the run's last checkpoint belongs to other settings or another data set.
    """

    def __init__(
        self,
        run: Path,
        settings: Training,
        loader: Loader,
        codec: VideoCodec,
        device: torch.device,
        observer: TrainObserver,
        *,
        new_epoch: bool = False,
        asked: Callable[[], bool] = bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.new_epoch, self.asked, self.clock = new_epoch, asked, clock
        self.stopping = self.due = self.writing = False
        """Some rank was asked to stop; the last checkpoint is long ago, by the first rank's clock; some rank
        still writes one."""
        self.run, self.settings, self.loader, self.codec = run, settings, loader, codec
        self.device, self.observer = device, observer
        self.build = settings.engine(device)
        self.kernel = kernel_for(
            settings.attention, device, DTYPES[settings.dtype], settings.sizes.head_width
        )
        """Computes attention of many tokens to many."""
        self.number = self.step = self.moved = 0
        """The phase, from 0, its steps that are done, and how many of those moved anything."""
        self.saved_at = clock()
        self.saver = Saver(run, settings.keep, observer.saved, behind=settings.save_behind)
        self.watch = Stopwatch(device, clock)
        found = agreed(run, settings, loader)
        if found:
            self.resume(found)
        else:
            stored = init.begun(run, settings)
            self.enter(init.outlined(settings, stored), stored, None)

    @property
    def phase(self) -> Phase:
        """The phase under way."""
        return self.settings.stages[self.number]

    @property
    def total(self) -> int:
        """Steps of all phases that are done."""
        return sum(phase.steps for phase in self.settings.phases[: self.number]) + self.step

    def resume(self, folder: Path) -> None:
        """Stand where a checkpoint was written."""
        state = checkpoint.train_state(folder)
        check_same(state.settings, self.settings, state.phase, state.step)
        if state.phase >= len(self.settings.phases):
            raise ValueError(f"{folder}: not a checkpoint of a run (its phase is none of the run's)")
        self.number, self.step, self.moved = state.phase, state.step, state.moved
        self.loader = under(self.loader, self.settings.loader_in(self.phase))
        self.loader.load_state_dict(state.loader, new_epoch=self.new_epoch)
        stored, learning = checkpoint.weights_of(folder), self.phase.learning
        net = init.outlined(self.settings, stored)
        learned = {name: weight for name, weight in net.named_parameters() if part(name) in learning}
        self.enter(net, stored, checkpoint.states_of(folder, learned), state.frozen_before)

    def enter(
        self, net: DiT, stored: StoredWeights, states: States | None, frozen: Digests | None = None
    ) -> None:
        """Enter the phase of the trainer's number; with what was saved of it, in its middle."""
        self.loader = under(self.loader, self.settings.loader_in(self.phase))
        self.task = task_of(self.phase, self.settings, self.codec, self.loader, self.device)
        if self.settings.hearing is not None:
            net.speech.features = Hearing(self.settings.hearing, self.settings.sizes.speech)
        self.validator = self.task.validator(self.loader.drawn.held_out)
        if states is None:
            self.task.begin(net)
        use_kernel(net, self.kernel)
        self.entered = enter(net, stored, self.phase, self.build, self.settings.optimizer, self.moved, states)
        self.frozen = frozen or digests(self.entered)
        self.guard = DivergenceCheck(self.phase.name)
        before = self.settings.stages[self.number - 1] if self.number else None
        self.observer.entered(change(before, self.phase), self.step, self.phase)

    def train(self) -> bool:
        """Go through what is left of the phases; whether that was all, or a stop was asked for.

        Raises:
            TrainingFault: memory does not suffice, or what is learned is of no use.
        """
        if self.total == 0:
            self.validate()
        while self.finish_phase(iter(self.loader)):
            if self.number + 1 == len(self.settings.phases):
                return True
            self.next_stage()
        return False

    def finish_phase(self, batches: Iterator[Batch]) -> bool:
        """Go through what is left of the phase; whether that was all of it.

        Raises:
            TrainingFault: as `train`.
        """
        while self.step < self.phase.steps:
            self.observer.stepped(self.one_step(batches))
            if not self.writing:
                self.saver.finish()
            last = self.step == self.phase.steps
            if last or self.step % self.settings.save_every == 0 or self.stopping or self.due:
                self.save()
            looked = last or self.step % self.settings.validation.every == 0
            if looked or self.stopping:
                self.saver.finish()  # what follows may last, or be the end
            if self.stopping:
                return False
            if looked:
                self.validate()
        return True

    def next_stage(self) -> None:
        """Enter the next phase with the weights of this one."""
        following = self.settings.stages[self.number + 1]
        folder = checkpoint.folder_of(self.run, checkpoint.name_of(self.number, self.step))
        weights = checkpoint.averages_of(folder) if following.on_averages else checkpoint.weights_of(folder)
        self.entered.engine.close()
        self.number, self.step, self.moved = self.number + 1, 0, 0
        self.enter(init.outlined(self.settings, weights), weights, None)

    def one_step(self, batches: Iterator[Batch]) -> StepMetrics:
        """Take a step."""
        engine = self.entered.engine
        keys: list[str] = []
        sums: list[Tensor] = []
        shown: list[tuple[int, ...]] = []
        for _ in range(self.settings.grad_accumulation):
            place = advance(self.loader.position, engine.replica, self.loader.order.slots_of)
            with self.watch.lap("wait"):
                batch = next(batches)
            keys += batch.keys
            sides = (*batch.points.shape[:2], *batch.video.shape[2:4])
            shown.append((*sides, batch.reference_valid.shape[1]))
            with reporting_no_memory(batch):
                sums.append(self.learn(batch, place))
        mine = torch.stack(sums).mean(dim=0)
        *means, seen, stop, due, writing = engine.mean(torch.cat([mine, self.wishes(mine)])).tolist()
        self.stopping, self.due, self.writing = stop > 0, due > 0, writing > 0
        with self.watch.lap("optimizer"):
            lr = self.settings.optimizer.lr_at(self.step, self.phase.steps)
            length = engine.step(lr, seen)
        self.step, self.moved = self.step + 1, self.moved + (seen > 0)
        named = zip(self.task.metrics, means, strict=True)
        metrics = {name: mean / seen for name, mean in named if seen}
        metrics |= {"grad_norm": length, "lr": lr, "lr/motion": lr * self.settings.optimizer.motion_share}
        metrics |= {f"lr/{part}": lr * share for part, share in self.settings.optimizer.shares.items()}
        metrics |= {f"grad_norm/{part}": norm for part, norm in engine.norms().items()}
        self.guard.check(self.step, metrics, tuple(keys))
        return StepMetrics(
            phase=self.phase.name,
            step=self.step,
            steps=self.phase.steps,
            total=self.total,
            metrics=metrics,
            seconds=self.watch.read(),
            memory_gib=most_memory(self.device),
            shown=tuple(shown),
        )

    def wishes(self, like: Tensor) -> Tensor:
        """Whether this rank was asked to stop, is the first and wants a checkpoint, still writes one (3,)."""
        long_ago = self.clock() - self.saved_at > 60 * self.settings.save_minutes
        return like.new_tensor([self.asked(), long_ago and self.entered.engine.rank == 0, self.saver.busy])

    def learn(self, batch: Batch, place: Position) -> Tensor:
        """Add the gradients of a batch; its numbers, then 1, or all 0 where nothing in it counts."""
        empty = len(batch) == 0
        with self.watch.lap("forward"):
            given = self.given(blank(batch) if empty else batch)
            rng = generator_of(self.settings.seed, place)
            found = self.score(given, rng, self.settings.first_frame_share)
            counts = found.counts * (not empty)
        with self.watch.lap("backward"):
            self.entered.engine.backward(counts * found.loss)
        metrics = [found.metrics[name] for name in self.task.metrics]
        return counts * torch.stack([*metrics, torch.ones_like(counts)])

    def given(self, batch: Batch) -> Any:
        """What a batch teaches in this phase."""
        return self.task.given(batch.to(self.device))

    def score(self, given: Any, generator: Generator, first_frame_share: float) -> Score:
        """The loss of a lesson, with what is left to chance."""
        return self.task.score(self.entered.engine, given, generator, first_frame_share)

    def validate(self) -> None:
        """Look at the held-out clips, if there are any."""
        if len(self.validator):
            result = self.validator.validate(self.entered.engine, self.given, self.score, self.task.metrics)
            self.observer.validated(result, self.total)

    def save(self) -> None:
        """Begin a checkpoint, with the proof that frozen weights did not move."""
        state = checkpoint.TrainState(
            phase=self.number,
            step=self.step,
            moved=self.moved,
            loader=self.loader.state_dict(),
            settings=self.settings.as_plain(),
            world_size=self.entered.engine.world_size,
            frozen_before=self.frozen,
            frozen_now=prove(self.frozen, self.entered),
        )
        self.saver.start(state, self.entered)
        self.saved_at = self.clock()
