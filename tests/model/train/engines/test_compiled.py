"""Compiled blocks: the same losses, names and checkpoints; few graphs; a sentence where nothing compiles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.fx import GraphModule

from model.nets.conditions import Conditions
from model.train import checkpoint
from model.train.engines import compiled
from model.train.engines.optimizer import OptimizerSettings
from model.train.phases import Phase, body, enter, everything
from model.train.settings import Training
from tests.model.nets_inputs import awake, noisy, small, some_conditions
from tests.model.train.runs import train, training

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own, while it compiles


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.fixture
def one_process() -> Iterator[None]:
    """Kernels are compiled where they are asked for, not by a pool that would outlive the test."""
    import torch._inductor.config as inductor

    with inductor.patch({"compile_threads": 1}):
        yield


class Counted:
    """A compiler that compiles nothing, and counts what it is given."""

    def __init__(self) -> None:
        self.graphs = 0

    def __call__(self, graph: GraphModule, _: list[torch.Tensor]) -> Callable[..., Any]:
        self.graphs += 1
        return graph.forward


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    backend, whole = Counted(), nn.Module.compile

    def compile_counted(module: nn.Module, **how: Any) -> None:
        whole(module, **how, backend=backend)

    monkeypatch.setattr(nn.Module, "compile", compile_counted)
    monkeypatch.setattr(compiled, "check_compiler", lambda device: None)
    return backend


def assert_same_losses(data: Path, out: Path, asked: Training) -> None:
    """Compiled and as it is, a training says and saves the same; and it may go on without."""
    plain = train(data, out / "plain", asked)
    fast = train(data, out / "fast", replace(asked, compile=True))
    assert len(fast.losses) == sum(phase.steps for phase in asked.phases)
    for here, there in zip(fast.steps, plain.steps, strict=True):
        assert here.metrics == pytest.approx(there.metrics, rel=1e-5)
    ends = [checkpoint.weights_of(checkpoint.checkpoints(out / run)[-1]) for run in ("plain", "fast")]
    assert ends[0].keys() == ends[1].keys()
    assert train(data, out / "fast", asked).steps == []


@pytest.mark.long
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler")
@pytest.mark.timeout(1800)
def test_kernels_of_a_compiler_give_the_same_losses(
    data_set: Path, tmp_path: Path, one_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_DEBUG_COMPILE", "1")  # compiled in less time, to slower kernels
    monkeypatch.setattr(compiled, "check_compiler", lambda device: None)  # the training shows it
    assert_same_losses(data_set, tmp_path, training(phases=(body(2),), activation_checkpointing=True))


@pytest.mark.long
def test_a_training_of_compiled_blocks_goes_through_several_phases(
    data_set: Path, tmp_path: Path, counted: Counted
) -> None:
    phases = (body(2), everything(1))
    assert_same_losses(data_set, tmp_path, training(phases=phases, save_every=9))
    assert counted.graphs == 2  # one a phase: all batches are of one clip


def entered(phase: Phase, settings: Training) -> nn.Module:
    """A network of two blocks in a phase, compiled."""
    net = awake(small())
    enter(net, {}, phase, settings.engine(torch.device("cpu")), OptimizerSettings())
    return net


def scenes(*, faces: bool) -> list[Conditions]:
    """Batches of many shapes, of one clip and of more."""
    shapes = [(1, 3, 2), (1, 5, 1), (1, 7, 4), (3, 4, 2), (2, 5, 3), (4, 6, 1)]
    made = [some_conditions(clips=c, latents=t, references=k) for c, t, k in shapes]
    return [conditions if faces else replace(conditions, faces=None) for conditions in made]


@pytest.mark.parametrize(
    ("phase", "most"), [(body(1), 4), pytest.param(everything(1), 4, marks=pytest.mark.long)]
)
def test_many_shapes_share_few_graphs(phase: Phase, most: int, counted: Counted) -> None:
    net = entered(phase, training(compile=True))
    for conditions in scenes(faces=phase.faces):
        net(*noisy(conditions), conditions)
    result = counted.graphs
    assert 1 <= result <= most
    for conditions in scenes(faces=phase.faces):
        net(*noisy(conditions, 9), conditions)
    assert counted.graphs == result


def test_nothing_is_compiled_unless_asked(counted: Counted) -> None:
    net = entered(body(1), training())
    conditions = replace(some_conditions(), faces=None)
    net(*noisy(conditions), conditions)
    assert counted.graphs == 0


def test_names_of_weights_stay(counted: Counted) -> None:
    assert entered(body(1), training(compile=True)).state_dict().keys() == awake(small()).state_dict().keys()


def test_without_a_compiler_it_is_one_sentence(one_process: None) -> None:
    result = r"nothing can be compiled here \(.*: compile needs a C\+\+ compiler"
    import torch._inductor.config as inductor

    with inductor.patch({"cpp.cxx": ("/nowhere/c++",)}), pytest.raises(ValueError, match=result):
        training(compile=True).engine(torch.device("cpu"))
