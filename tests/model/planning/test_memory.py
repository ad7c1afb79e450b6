"""Formulas of weights, operations and bytes against networks that are built, run and trained."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from model.nets.conditions import Conditions
from model.nets.dit import DiT
from model.nets.param_groups import part, parts
from model.nets.precision import rounded
from model.nets.sizes import Sizes, tiny, wan_1b, wan_14b
from model.planning.activations import Precision, kept
from model.planning.flops import operations, parameters
from model.planning.memory import Memory, Sharing, memory, most_frames
from model.planning.products import WindowSpec
from model.train.engines.engine import DTYPES, Dtype, PlainEngine
from model.train.engines.optimizer import KINDS, OptimizerSettings
from model.train.phases import Phase, body, enter, everything, face
from tests.model.nets_inputs import awake, noisy, small, some_conditions

STAGES = (body(1), face(1), everything(1))
BRANCHES = {"reference_every": 2, "face_every": 3, "branch_width": 24}
SIZES = (
    small(),
    small(width=96, layers=3, ffn=200),
    small(layers=4, references_see="references", **BRANCHES),
)
SHAPES = ((2, 3, 2), (1, 6, 1), (2, 3, 1))
"""Clips, latent frames, references: one for each of the networks."""


@pytest.mark.parametrize(
    "sizes", [*SIZES, tiny(), wan_1b(), wan_14b()], ids=lambda sizes: f"{sizes.width}x{sizes.layers}"
)
def test_every_weight_of_every_part_is_counted(sizes: Sizes) -> None:
    with torch.device("meta"), mock.patch("model.nets.dit.start"):
        net = DiT(sizes, torch.Generator())
    weights = dict(net.named_parameters())
    held = {part: sum(weights[name].numel() for name in names) for part, names in parts(net).items() if names}
    assert parameters(sizes) == held


def taught(sizes: Sizes, phase: Phase, dtype: Dtype = "float32", *, activation_checkpointing: bool) -> DiT:
    """A network in a phase."""
    net = awake(sizes, activation_checkpointing=activation_checkpointing)
    net = rounded(net, torch.device("cpu"), DTYPES[dtype])
    for name, weight in net.named_parameters():
        weight.requires_grad_(part(name) in phase.learning)
    return net


def batch_of(phase: Phase, shape: tuple[int, int, int] = SHAPES[0]) -> tuple[WindowSpec, Conditions]:
    """A batch of a shape, and what the formulas are told of it."""
    clips, latents, references = shape
    conditions = replace(some_conditions(clips=clips, latents=latents, references=references), text=None)
    frames = conditions.maps.shape[2]
    window = WindowSpec(
        frames=frames, width=48, height=32, references=references, clips=clips, faces=phase.faces
    )
    return window, conditions if phase.faces else replace(conditions, faces=None)


@pytest.mark.parametrize("phase", STAGES, ids=lambda phase: phase.name)
@pytest.mark.parametrize("activation_checkpointing", [False, True])
def test_operations_are_those_that_torch_counts(phase: Phase, activation_checkpointing: bool) -> None:
    for sizes, shape in zip(SIZES, SHAPES, strict=True):
        net = taught(sizes, phase, activation_checkpointing=activation_checkpointing)
        window, conditions = batch_of(phase, shape)
        with FlopCounterMode(display=False) as counter:
            velocity = net(*noisy(conditions), conditions)
            forward = counter.get_total_flops()
            velocity.sum().backward()
        found = operations(
            sizes, window, frozenset(phase.learning), activation_checkpointing=activation_checkpointing
        )
        assert found.forward == pytest.approx(forward, rel=0.01)
        assert found.total == pytest.approx(counter.get_total_flops(), rel=0.015)
        assert found.model < found.total


def bytes_kept(net: DiT, conditions: Conditions) -> int:
    """Bytes that autograd keeps of a batch, each storage once, without the network's own."""
    own = {tensor.untyped_storage().data_ptr() for tensor in net.state_dict().values()}
    found: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        found[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        velocity = net(*noisy(conditions), conditions)
    del velocity
    return sum(tensor.untyped_storage().nbytes() for place, tensor in found.items() if place not in own)


@pytest.mark.parametrize("phase", STAGES, ids=lambda phase: phase.name)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation_checkpointing", [False, True])
def test_activations_are_those_that_autograd_keeps(
    phase: Phase, dtype: Dtype, activation_checkpointing: bool
) -> None:
    precision = Precision(value=DTYPES[dtype].itemsize, fused=False)
    for sizes, shape in zip(SIZES, SHAPES, strict=True):
        net = taught(sizes, phase, dtype, activation_checkpointing=activation_checkpointing)
        window, conditions = batch_of(phase, shape)
        found = kept(
            sizes,
            window,
            frozenset(phase.learning),
            precision,
            activation_checkpointing=activation_checkpointing,
        )
        assert found.total == pytest.approx(bytes_kept(net, conditions), rel=0.1)


def test_blocks_are_told_right_where_nothing_hides_them() -> None:
    one, more = (small(width=96, ffn=200, layers=layers) for layers in (2, 6))
    precision = Precision(value=4, fused=False)
    for phase in STAGES:
        window, conditions = batch_of(phase)
        result = [
            kept(sizes, window, frozenset(phase.learning), precision, activation_checkpointing=False).total
            for sizes in (one, more)
        ]
        there = [
            bytes_kept(taught(sizes, phase, activation_checkpointing=False), conditions)
            for sizes in (one, more)
        ]
        assert result[1] - result[0] == pytest.approx(there[1] - there[0], rel=0.07)


def bytes_of(tensors: Iterator[Tensor]) -> int:
    """Bytes of tensors, each storage once."""
    return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())


@pytest.mark.parametrize("phase", STAGES, ids=lambda phase: phase.name)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_plain_engine_holds_what_is_said(phase: Phase, dtype: Dtype) -> None:
    sizes = small()
    how = Sharing(
        zero_stage=None,
        activation_checkpointing=False,
        precision=Precision(value=DTYPES[dtype].itemsize, fused=False),
    )

    def build(*given: object, **stored: object) -> PlainEngine:
        return PlainEngine(*given, **stored, device=torch.device("cpu"), dtype=dtype, grad_accumulation=1)  # type: ignore[arg-type]

    engine = enter(awake(sizes), {}, phase, build, OptimizerSettings()).engine
    assert isinstance(engine, PlainEngine)
    window, conditions = batch_of(phase)
    for last in (False, True):
        engine.backward(engine(*noisy(conditions), conditions).square().mean())
        if not last:
            engine.step(1e-3, 1.0)
    states = (engine.optimizer.state[m][kind] for m in engine.masters.values() for kind in KINDS)
    weights = itertools.chain(engine.net.parameters(), engine.masters.values(), states)
    gradients = (
        w.grad
        for w in itertools.chain(engine.learning.values(), engine.masters.values())
        if w.grad is not None
    )
    result = memory(sizes, window, frozenset(phase.learning), how)
    assert result.weights + result.states == bytes_of(weights)
    assert result.gradients == pytest.approx(bytes_of(gradients), rel=0.01)


def shared(zero_stage: int | None, world_size: int = 8, *, activation_checkpointing: bool = True) -> Memory:
    """The paper's longest window on the small public base."""
    how = Sharing(
        zero_stage=zero_stage,  # type: ignore[arg-type]
        world_size=world_size,
        activation_checkpointing=activation_checkpointing,
    )
    window = WindowSpec(frames=121, width=960, height=640, references=4)
    return memory(wan_1b(), window, frozenset(everything(1).learning), how)


def test_zero_shares_states_then_gradients_then_weights() -> None:
    one, two, three = (shared(zero_stage) for zero_stage in (1, 2, 3))
    alone = shared(1, world_size=1)
    assert one.states == pytest.approx(alone.states / 8)
    assert (two.states, two.weights) == (one.states, one.weights)
    assert one.gradients == alone.gradients
    assert two.gradients == pytest.approx(alone.gradients / 8)
    assert three.gradients == two.gradients
    assert three.weights == pytest.approx(one.weights / 8)
    assert (one.kept, one.working) == (three.kept, three.working)


def test_computing_again_costs_operations_and_saves_bytes() -> None:
    assert shared(2).peak < 0.3 * shared(2, activation_checkpointing=False).peak
    window, learning = WindowSpec(frames=73, width=960, height=640), frozenset(body(1).learning)
    again, once = (operations(wan_1b(), window, learning, activation_checkpointing=r) for r in (True, False))
    assert again.model == once.model
    assert 1.2 < again.total / once.total < 1.4


def test_the_longest_window_that_fits_fits_and_the_next_does_not() -> None:
    sizes, learning = wan_1b(), frozenset(everything(1).learning)
    window, how = (
        WindowSpec(frames=1, width=960, height=640, references=4),
        Sharing(zero_stage=2, world_size=8),
    )
    frames, capacity = most_frames(sizes, window, learning, how, 40e9), 40e9
    assert frames % 4 == 1
    assert memory(sizes, replace(window, frames=frames), learning, how).peak <= capacity
    assert memory(sizes, replace(window, frames=frames + 4), learning, how).peak > capacity
    assert most_frames(sizes, window, learning, how, 1e9) == 0
