"""What learns in a phase, and what becomes of everything when phases change."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from model.nets.dit import DiT
from model.nets.param_groups import parts
from model.train.engines.engine import PlainEngine
from model.train.engines.optimizer import KINDS, OptimizerSettings
from model.train.frozen import digests, prove
from model.train.phases import BODY, FACE, ActivePhase, Phase, body, change, enter, everything, face
from tests.model.nets_inputs import awake, seed, small
from tests.model.train.runs import state_of, weight_of

SETTINGS = OptimizerSettings(lr=1e-2)
BUILD = partial(PlainEngine, device=torch.device("cpu"), dtype="float32", grad_accumulation=1)


def entered(phase: Phase, dtype: str = "float32") -> tuple[DiT, ActivePhase]:
    net = awake(small(width=24, layers=1, ffn=48))
    return net, enter(net, {}, phase, partial(BUILD, dtype=dtype), SETTINGS)


@pytest.mark.parametrize(
    ("phase", "learning"), [(body(1), BODY), (face(1), FACE), (everything(1), BODY + FACE)]
)
def test_a_stage_teaches_its_parts_and_no_others(phase: Phase, learning: tuple[str, ...]) -> None:
    net, under_way = entered(phase)
    expected = {name for part, names in parts(net).items() if part in learning for name in names}
    assert {name for name, weight in net.named_parameters() if weight.requires_grad} == expected
    assert set(under_way.learning) == expected
    assert set(under_way.still) == set(net.state_dict()) - expected
    assert not expected & set(parts(net)["face_spare"])


def test_a_stage_begins_with_the_weights_as_averages_and_no_moments() -> None:
    net, under_way = entered(face(1))
    for name in under_way.learning:
        assert torch.equal(state_of(under_way.engine, name, "average"), net.state_dict()[name])
        assert not state_of(under_way.engine, name, "exp_avg").any()
        assert not state_of(under_way.engine, name, "exp_avg_sq").any()


def test_a_stage_goes_on_with_what_was_saved() -> None:
    net = awake(small(width=24, layers=1, ffn=48))
    generator = seed(8)
    states = {
        kind: {name: torch.rand(weight.shape, generator=generator) for name, weight in net.named_parameters()}
        for kind in KINDS
    }
    under_way = enter(net, {}, body(5), BUILD, SETTINGS, 3, states)
    for name in under_way.learning:
        for kind in KINDS:
            assert torch.equal(state_of(under_way.engine, name, kind), states[kind][name])


def test_nothing_is_lost_to_rounding() -> None:
    exact = {
        name: value.clone() for name, value in awake(small(width=24, layers=1, ffn=48)).state_dict().items()
    }
    _, under_way = entered(face(1), "bfloat16")
    for name, value in exact.items():
        found = under_way.still[name] if name in under_way.still else weight_of(under_way.engine, name)
        assert torch.equal(found, value), name


def test_a_change_says_what_becomes_of_each_thing() -> None:
    first, second, last = body(2), face(2), everything(2)
    begun = change(None, first)
    assert begun.kept == begun.reset == ()
    assert any("loader" in made for made in begun.created)
    to_face = change(first, second)
    assert any("face_attn, face_encoder, no_face" in made for made in to_face.created)
    assert any("base" in gone and "dropped" in gone for gone in to_face.reset)
    assert any("loader" in kept for kept in to_face.kept)
    to_all = change(second, last)
    assert any("base" in made for made in to_all.created)
    assert any("face_attn" in again and "at zero" in again for again in to_all.reset)
    assert any("average" in again for again in to_all.reset)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "needs steps"),
        ({"learning": ()}, "parts to learn"),
        ({"learning": ("legs",)}, "parts to learn"),
        ({"faces": False}, "told of none"),
    ],
)
def test_stages_without_sense_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Phase(**{"name": "x", "steps": 1, "learning": FACE, "faces": True, **wrong})  # type: ignore[arg-type]


def test_a_frozen_weight_that_moved_is_found_out() -> None:
    net, under_way = entered(face(1))
    before = digests(under_way)
    assert set(before) == {
        *BODY,
        "text_queries",
        "face_encoder",
        "face_spare",
        "speech",
    }  # the encoder's: its buffers
    assert prove(before, under_way) == before
    with torch.no_grad():
        net.no_caption[0, 0] += 1e-3
    with pytest.raises(RuntimeError, match="no_caption have moved"):
        prove(before, under_way)


def test_a_frozen_buffer_that_moved_is_found_out() -> None:
    net, under_way = entered(face(1))
    before = digests(under_way)
    net.face.motion.model.bn1.weight.data += 1e-3  # learns
    assert prove(before, under_way) == before
    net.get_buffer("face.motion.model.bn1.running_mean").add_(1e-3)
    with pytest.raises(RuntimeError, match="face_encoder have moved"):
        prove(before, under_way)
