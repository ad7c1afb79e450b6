"""What a training is: all that its losses depend on, and how it is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate, count
from pathlib import Path
from typing import Any

import torch

from engine.differences import ABSENT, Difference, as_plain, differences
from model.data.settings import LoaderSettings
from model.flow.timesteps import ALL_TIMES
from model.nets.kernels import Wanted
from model.nets.sizes import Sizes
from model.train.engines.compiled import compiling
from model.train.engines.deepspeed import DeepSpeedEngine, Zero
from model.train.engines.engine import Build, Dtype, PlainEngine
from model.train.engines.optimizer import OptimizerSettings
from model.train.phases import Phase, taught
from model.train.validation import ValidationSettings

FREE = {
    "zero_stage",
    "grad_accumulation",
    "activation_checkpointing",
    "keep_attention",
    "attention",
    "hearing",
    "sequence_parallel",
    "offload",
    "compile",
    "save_every",
    "save_minutes",
    "save_behind",
    "keep",
    "validation",
}
"""Settings that a run may go on with other values of."""

FREE_OF_LOADER = {
    *(
        f"loader.{name}"
        for name in ("workers", "batches_ahead_mib", "fetch_ahead_mib", "max_unfit", "verify")
    ),
    "loader.sample.speech",
}
"""Speech changes neither the order nor what else is drawn, and one task alone hears it."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """Every setting of a run from shards to weights."""

    sizes: Sizes
    phases: tuple[Phase, ...]
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    loader: LoaderSettings = field(default_factory=LoaderSettings)
    base: Path | None = None
    """Public weights of Wan of these sizes, a file or folder; None begins from nothing. Of a folder of two
    networks, for much noise and little, the one for `times`."""
    motion: Path | None = None
    """PD-FGC's motion encoder, motion_model.pth; None begins from nothing."""
    hearing: Path | None = None
    """Folder of wav2vec 2.0, HuBERT or Whisper, by which speech is heard; None hears log-mel features."""
    vae: Path | None = None
    """Folder or file of Wan's autoencoder, or file of a patch codec; None fits one to the data set."""
    clip: Path | None = None
    """Folder of CLIP's picture encoder, for bases that read one: sizes.image_width."""
    dtype: Dtype = "bfloat16"
    zero_stage: Zero | None = 2
    """How DeepSpeed shards: 1 states of the optimizer, 2 gradients too, 3 weights too; None is one process
    without DeepSpeed."""
    grad_accumulation: int = 1
    """Batches of each rank in one step."""
    activation_checkpointing: bool = True
    """Compute activations again on the way back instead of keeping them, ..."""
    keep_attention: bool = True
    """... but for what tokens read from many others, which costs most; not in compiled blocks."""
    attention: Wanted = "auto"
    """Kernel for attention of many tokens to many: the fastest that runs there, or this one and no other."""
    sequence_parallel: int = 1
    """Ranks that share the tokens of each batch; divides the ranks, and the heads of the network."""
    offload: bool = False
    """Keep states of the optimizer, and under ZeRO 3 weights too, in the machine's memory; slower."""
    compile: bool = False
    """Compile the blocks with torch's inductor: wants a C++ compiler, on a GPU Triton."""
    timestep_shift: float = 5.0
    """Shift of the drawn times towards noise: about 5 for 45 000 tokens, 1 for few."""
    times: tuple[float, float] = ALL_TIMES
    """Least and greatest time, from data 0 to noise 1, that is learned: of one of two networks that share the
    way. Those of Wan 2.2 A14B meet at 0.875 (T2V) and 0.9 (I2V)."""
    head_weight: float = 1.0
    """How often a latent cell under the head sphere counts, others once; more where heads are small."""
    first_frame_share: float = 0.5
    """Share of clips that are told their first latent frame."""
    latent_share: float = 0.0
    """Share of batches that go on from a latent frame that stands for four frames, as `animate --hand-over
    latent` gives one; 0: none does."""
    seed: int = 0
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    save_every: int = 500
    """Steps between two checkpoints, ..."""
    save_minutes: float = 30.0
    """... and most minutes."""
    save_behind: bool = True
    """Go on with the training while a checkpoint is written, for the memory of a copy of what learns."""
    keep: int = 2
    """Checkpoints kept; the last of every phase stays beside them."""

    def __post_init__(self) -> None:
        if not self.phases or min(self.grad_accumulation, self.save_every, self.keep) < 1:
            raise ValueError("a training has phases, and accumulates, saves and keeps at least 1")
        if not 0 <= self.first_frame_share <= 1 or min(self.timestep_shift, self.head_weight) <= 0:
            raise ValueError("first_frame_share is a share, head_weight and timestep_shift are above 0")
        for phase in self.phases:
            self.loader_in(phase)
        refuse_untaught(self)
        refuse_apart(self)
        if any(phase.task == "speech" for phase in self.phases) and not self.loader.sample.speech:
            raise ValueError("a phase that teaches speech hears none: set loader.sample.speech")
        if self.sizes.speech.encoder and self.hearing is None:
            raise ValueError("speech is heard by a public encoder: give its folder by --settings.hearing")

    @property
    def stages(self) -> tuple[Phase, ...]:
        """The phases with what learns in them: where the base has low-rank changes, those."""
        return tuple(taught(phase, self.sizes.lora) for phase in self.phases)

    def loader_in(self, phase: Phase) -> LoaderSettings:
        """How the data set is read in a phase.

        Raises:
            ValueError: its windows are none.
        """
        order = self.loader.order
        window = replace(order.window, max_frames=phase.max_frames or order.window.max_frames)
        return replace(self.loader, order=replace(order, area=phase.area or order.area, window=window))

    def as_plain(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return as_plain(self)

    def engine(self, device: torch.device) -> Build:
        """What drives the network."""
        how: dict[str, Any] = {
            "device": device,
            "dtype": self.dtype,
            "grad_accumulation": self.grad_accumulation,
        }
        build: Build = (
            partial(PlainEngine, **how)
            if self.zero_stage is None
            else partial(
                DeepSpeedEngine,
                **how,
                zero_stage=self.zero_stage,
                sequence_parallel=self.sequence_parallel,
                offload=self.offload,
            )
        )
        return compiling(build, device) if self.compile else build


def refuse_untaught(settings: Training) -> None:
    """Return where first frames and times are ones that can be learned.

    Raises:
        ValueError: they are not; says which.
    """
    low, high = settings.times
    if not 0 <= low < high <= 1:
        raise ValueError(f"times from {low:g} to {high:g} cannot be learned: 0 is data, 1 noise")
    if not 0 <= settings.latent_share <= 1:
        raise ValueError("latent_share is a share of the batches, from 0 to 1")
    if settings.latent_share > 0 and settings.sizes.first_frame == "beside":
        raise ValueError("a base that reads grey frames behind a first frame goes on from pictures alone")
    if (settings.clip is None) != (settings.sizes.image_width == 0):
        raise ValueError("sizes.image_width is of the tokens of --settings.clip: give both or none")


def refuse_apart(settings: Training) -> None:
    """Return where the ways in which ranks share a training go together.

    Raises:
        ValueError: they do not; says which.
    """
    ranks, sizes = settings.sequence_parallel, settings.sizes
    for heads in (sizes.heads, sizes.branch_heads):
        if ranks < 1 or heads % ranks:
            raise ValueError(
                f"{heads} heads cannot be shared by {ranks} ranks: sequence_parallel divides the heads"
            )
    if settings.zero_stage is None and (ranks > 1 or settings.offload):
        raise ValueError("sequence_parallel and offload are DeepSpeed's: set zero_stage to 1, 2 or 3")
    if settings.sizes.lora and settings.base is None:
        raise ValueError("sizes.lora changes a base: give one by --settings.base, or set it to 0")
    if settings.compile and (ranks > 1 or settings.zero_stage == 3):
        raise ValueError(
            "blocks that share tokens, or gather weights as ZeRO 3 does, are not compiled: that breaks their "
            "graphs at every exchange; leave compile off, or take zero_stage 2 and sequence_parallel 1"
        )


def unlike(begun: Mapping[str, Any], settings: Training, phase: int, step: int) -> list[Difference]:
    """What differs from the settings that a run began with, as far as its losses depend on it.

    The run has done `step` steps of its phase number `phase`, from 0. That and later phases may last longer,
    and phases may be appended.
    """
    return [
        found
        for found in differences(begun, settings)
        if found.was != ABSENT and not is_free(found, begun, phase, step)
    ]


def is_free(found: Difference, begun: Mapping[str, Any], phase: int, step: int) -> bool:
    """Whether a run may go on with another value of a setting."""
    room, _, rest = found.path.partition(".")
    if room == "phases":
        number, _, name = rest.partition(".")
        if int(number) >= len(begun.get("phases", [])):
            return True
        least = step if int(number) == phase else 1
        return name == "steps" and int(number) >= phase and found.now != ABSENT and found.now >= least
    return room in FREE or found.path in FREE_OF_LOADER


def check_same(begun: Mapping[str, Any], settings: Training, phase: int, step: int) -> None:
    """That a run goes on under the settings that it began with, as far as its losses depend on them.

    Raises:
        ValueError: it does not; names what differs by its flags.
    """
    if found := unlike(begun, settings, phase, step):
        raise ValueError(f"this run began under other settings: {'; '.join(map(str, found))}")


def lengthened(phases: tuple[Phase, ...], total: int, done: int, step: int) -> tuple[Phase, ...]:
    """The phases with `total` steps together: `done` of them stay as they are, the others keep their shares.

    Raises:
        ValueError: one of them would have no step, or the first of the others fewer than its `step` done.
    """
    past, ahead = phases[:done], phases[done:]
    before = sum(phase.steps for phase in past)

    def fit(steps: list[int]) -> bool:
        return min(steps) >= 1 and steps[0] >= step

    steps = shares(ahead, total - before)
    if not fit(steps):
        least = next(more for more in count(max(total, 0) + 1) if fit(shares(ahead, more - before)))
        raise ValueError(f"--steps {total}: {before + step} steps are done, {least} is the least")
    return (*past, *(replace(phase, steps=many) for phase, many in zip(ahead, steps, strict=True)))


def shares(phases: tuple[Phase, ...], total: int) -> list[int]:
    """So many steps, given out to phases by the steps that they have."""
    sums = list(accumulate(phase.steps for phase in phases))
    ends = [total * end // sums[-1] for end in sums]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
