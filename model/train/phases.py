"""Body, then face, then everything (method.md 8), then speech (2.3), and what a change of phase does.

A phase is a training of its own on the weights of the one before: `enter` is the only way in, from a phase's
beginning as from the middle of one.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from torch import Tensor, nn

from model.nets.param_groups import Part, parts
from model.train.engines.engine import Build, Engine
from model.train.engines.optimizer import KINDS, Kind, OptimizerSettings

FACE: tuple[Part, ...] = ("face_encoder", "face_attn", "no_face")
BODY: tuple[Part, ...] = ("base", "no_caption", "pose", "reference", "no_reference")

Taught = Literal["video", "speech"]
"""What is learned: to make videos, or to move faces by speech."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What learns, of what, for how long."""

    name: str
    steps: int
    learning: tuple[Part, ...]
    faces: bool
    """The network is told of faces; else Face Attn is left out."""
    task: Taught = "video"
    on_averages: bool = False
    """Begins on the averages of what the phase before taught, not on its weights as last moved."""
    area: int | None = None
    """Px of the canvases of this phase: samples of larger ones are shown shrunk; None: as the loader says."""
    max_frames: int | None = None
    """Most frames of its windows, 4k+1; None: as the loader says."""

    def __post_init__(self) -> None:
        unknown = set(self.learning) - set(get_args(Part))
        if unknown or not self.learning or self.steps < 1:
            raise ValueError(f"phase {self.name!r} needs steps, and parts to learn out of {get_args(Part)}")
        if not self.faces and set(self.learning) & set(FACE):
            raise ValueError(f"phase {self.name!r} is to learn faces and is told of none")
        if (self.task == "speech") != (self.learning == ("speech",)):
            raise ValueError(f"phase {self.name!r}: speech is a task of its own, and teaches no other part")


def taught(phase: Phase, lora: int) -> Phase:
    """The phase, in which low-rank changes of the base learn in its place where there are some."""
    if not lora or "base" not in phase.learning:
        return phase
    rest = tuple(part for part in phase.learning if part not in {"base", "no_caption"})
    return replace(phase, learning=("lora", *rest))


def body(steps: int) -> Phase:
    """Skeleton and sphere alone; the video model becomes one of people."""
    return Phase(name="body", steps=steps, learning=BODY, faces=False)


def face(steps: int) -> Phase:
    """The face branch alone, all else frozen."""
    return Phase(name="face", steps=steps, learning=FACE, faces=True)


def everything(steps: int) -> Phase:
    """All parts together."""
    return Phase(name="everything", steps=steps, learning=(*BODY, *FACE), faces=True)


def speech(steps: int) -> Phase:
    """The speech encoder alone, beside a network as it is used: the averages rest."""
    return Phase(
        name="speech", steps=steps, learning=("speech",), faces=True, task="speech", on_averages=True
    )


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of each thing when a phase began; for people to read."""

    phase: str
    kept: tuple[str, ...]
    created: tuple[str, ...]
    reset: tuple[str, ...]


def change(before: Phase | None, phase: Phase) -> Change:
    """What entering a phase does, after another or at the very beginning."""
    if before is None:
        new = (
            "optimizer: moments of what learns, at zero",
            "average: at the weights",
            "schedule: warm-up from step 0",
        )
        return Change(
            phase=phase.name, kept=(), created=(*new, "loader: at the start of its order"), reset=()
        )
    joining = sorted(set(phase.learning) - set(before.learning))
    anew = (phase.area, phase.max_frames) != (before.area, before.max_frames)
    resting = sorted(set(before.learning) - set(phase.learning))
    again = sorted(set(before.learning) & set(phase.learning))
    reset = [f"optimizer: moments of {', '.join(again)}, at zero"] if again else []
    reset += [f"optimizer: moments of {', '.join(resting)}, dropped: they learn no more"] if resting else []
    return Change(
        phase=phase.name,
        kept=(
            "weights: the averages of what was taught, all others as they are"
            if phase.on_averages
            else "weights: all, as last moved, not their averages",
            *(() if anew else ("loader: goes on in its order",)),
            "seed",
        ),
        created=(
            *((f"optimizer: moments of {', '.join(joining)}, at zero",) if joining else ()),
            *(("loader: an order of other canvases and windows, from its next epoch",) if anew else ()),
        ),
        reset=(*reset, "average: begins again at the weights", "schedule: warm-up from step 0"),
    )


States = Mapping[Kind, Mapping[str, Tensor]]
"""States of the optimizer, by kind and name of the weight."""


@dataclass(frozen=True, kw_only=True)
class ActivePhase:
    """A phase under way."""

    engine: Engine
    learning: tuple[str, ...]
    """Names of the weights that learn."""
    still: Mapping[str, Tensor]
    """All others and the buffers, as they were before any rounding."""


def enter(
    net: nn.Module,
    stored: Mapping[str, Tensor],
    phase: Phase,
    build: Build,
    settings: OptimizerSettings,
    steps: int = 0,
    states: States | None = None,
) -> ActivePhase:
    """The phase after `steps` of it, on a network that becomes the engine's.

    Its buffers, and weights that are there, are as they are; all others are taken from those stored. Without
    states, moments are zero and averages are the weights.
    """
    named = parts(net)
    learning = tuple(name for part in phase.learning for name in named[part])
    for name, weight in net.named_parameters():
        weight.requires_grad_(name in learning)
    in_memory: dict[str, Tensor] = {
        name: value.detach().clone() for name, value in net.state_dict().items() if not value.is_meta
    }
    exact: Mapping[str, Tensor] = ChainMap(in_memory, cast("Any", stored))  # nothing is put into it
    engine = build(net, settings, steps, stored=exact)
    for name in learning:
        value = exact[name]
        engine.put_weight(name, value)
        for kind in KINDS:
            if states is not None:
                engine.put_state(name, kind, states[kind][name])
            elif kind == "average":
                engine.put_state(name, kind, value)
    still = tuple(name for name in net.state_dict() if name not in set(learning))
    return ActivePhase(engine=engine, learning=learning, still=NamedTensors(still, exact))


class NamedTensors(Mapping[str, Tensor]):
    """Tensors of some names, each read where it lies when it is asked for."""

    def __init__(self, names: tuple[str, ...], tensors: Mapping[str, Tensor]) -> None:
        self.names, self.tensors = dict.fromkeys(names), tensors

    def __getitem__(self, name: str) -> Tensor:
        """A tensor."""
        if name not in self.names:
            raise KeyError(name)
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self.names)

    def __len__(self) -> int:
        """Number of tensors."""
        return len(self.names)
