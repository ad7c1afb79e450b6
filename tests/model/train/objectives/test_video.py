"""The loss of a batch, and what learns from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.encode.inputs import Inputs
from model.flow.timesteps import draw
from model.nets.conditions import Conditions, FaceCrops
from model.nets.dit import DiT
from model.nets.param_groups import Part, parts
from model.train.objectives.video import Score, score
from tests.model.nets_inputs import awake, noisy, seed, small, some_conditions

FACE: tuple[Part, ...] = ("face_encoder", "face_attn", "no_face")


def some_batch(conditions: Conditions | None = None) -> Inputs:
    conditions = conditions or some_conditions()
    return Inputs(latents=noisy(conditions, number=9)[0], conditions=conditions)


def scored(net: object, batch: Inputs, number: int = 5) -> Score:
    return score(net, batch, seed(number), timestep_shift=3.0)  # type: ignore[arg-type]


def test_the_path_itself_has_no_loss() -> None:
    batch = some_batch()

    def knows(x_t: Tensor, t: Tensor, _: Conditions) -> Tensor:
        return (x_t - batch.latents) / t.view(-1, 1, 1, 1, 1)

    found = scored(knows, batch)
    assert found.loss < 1e-8
    assert found.metrics["target_power"] == pytest.approx(2, rel=0.1)  # var(eps) + var(x_0)
    assert found.metrics["pred_power"] == pytest.approx(float(found.metrics["target_power"]), rel=1e-3)


def test_silence_loses_the_power_of_the_velocity() -> None:
    found = scored(lambda x_t, t, conditions: torch.zeros_like(x_t), some_batch())
    assert found.loss == pytest.approx(float(found.metrics["target_power"]))
    assert found.metrics["pred_power"] == 0
    assert found.metrics["time"] == pytest.approx(float(draw(2, seed(5), timestep_shift=3.0).mean()))


def test_a_handed_over_frame_does_not_count() -> None:
    batch = some_batch()  # it is handed over to the second clip

    def wrong(clip: int, frame: int) -> float:
        def knows(x_t: Tensor, t: Tensor, _: Conditions) -> Tensor:
            v = (x_t - batch.latents) / t.view(-1, 1, 1, 1, 1)
            v[clip, :, frame] += 1
            return v

        return float(scored(knows, batch).loss)

    assert wrong(1, 0) < 1e-8
    assert wrong(0, 0) == pytest.approx(1 / 3 / 2, rel=1e-3)  # one of three frames of one of two clips
    assert wrong(1, 1) == pytest.approx(1 / 2 / 2, rel=1e-3)


def test_what_is_wrong_under_the_head_weighs_as_much_as_it_is_told_to() -> None:
    conditions = some_conditions()
    maps = torch.zeros_like(conditions.maps)
    maps[:, 3:, :, :8, :8] = 1  # one cell of each latent frame
    batch = some_batch(replace(conditions, maps=maps, first_given=torch.zeros_like(conditions.first_given)))
    cells = batch.latents[0, 0, 0].numel()

    def loss(row: int, head_weight: float) -> tuple[float, float]:
        def knows(x_t: Tensor, t: Tensor, _: Conditions) -> Tensor:
            v = (x_t - batch.latents) / t.view(-1, 1, 1, 1, 1)
            v[..., row, 0] += 1
            return v

        found = score(knows, batch, seed(5), timestep_shift=3.0, head_weight=head_weight)
        return float(found.loss), float(found.metrics["loss"])

    for row, share in ((0, 5 / (cells + 4)), (1, 1 / (cells + 4))):
        assert loss(row, 5.0) == pytest.approx((share, 1 / cells), rel=1e-3)
        assert loss(row, 1.0) == pytest.approx((1 / cells, 1 / cells), rel=1e-3)


def test_a_generator_tells_the_loss() -> None:
    net, batch = awake(small()), some_batch()
    assert torch.equal(scored(net, batch).loss, scored(net, batch).loss)
    assert not torch.equal(scored(net, batch).loss, scored(net, batch, number=6).loss)


def test_every_parameter_is_in_one_part() -> None:
    net = DiT(small(), seed(0))
    named = parts(net)
    assert sorted(name for names in named.values() for name in names) == sorted(dict(net.named_parameters()))
    assert [part for part, names in named.items() if not names] == ["lora"], (
        "it is added where it is asked for"
    )
    assert named["pose"][0].startswith("control_embedding")
    assert {name.split(".")[0] for name in named["face_encoder"]} == {"face"}
    assert named["no_face"] == ["face.null"]


def learn(net: DiT, learning: Iterable[Part], batch: Inputs) -> Score:
    """One step of AdamW on some parts, all else frozen."""
    named = parts(net)
    names = {name for part in learning for name in named[part]}
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name in names)
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1e-3)
    found = scored(net, batch)
    found.loss.backward()
    optimizer.step()
    return found


def digests(net: DiT) -> dict[str, str]:
    """A hash of every tensor, buffers too."""
    tensors = net.state_dict().items()
    return {name: hashlib.sha256(tensor.numpy().tobytes()).hexdigest() for name, tensor in tensors}


def test_the_face_stage_moves_the_face_branch_and_nothing_else() -> None:
    net, batch = awake(small()), some_batch()
    batch = Inputs(
        latents=batch.latents, conditions=replace(batch.conditions, faces=halfway_unseen(batch.conditions))
    )
    before = digests(net)
    learn(net, FACE, batch)
    after, named = digests(net), parts(net)
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {name for part in FACE for name in named[part]}


def halfway_unseen(conditions: Conditions) -> FaceCrops:
    assert conditions.faces is not None
    seen = conditions.faces.seen.clone()
    seen[:, ::2] = False
    return conditions.faces._replace(seen=seen)


def test_the_face_stage_begins_where_the_body_stage_ended() -> None:
    net = awake(small())
    for block in net.blocks:
        torch.nn.init.zeros_(block.face_attn.attention.o.weight)  # type: ignore[union-attr, arg-type]
        torch.nn.init.zeros_(block.face_attn.attention.o.bias)  # type: ignore[union-attr, arg-type]
    batch = some_batch()
    body = Inputs(latents=batch.latents, conditions=replace(batch.conditions, faces=None))
    assert torch.equal(scored(net, batch).loss, scored(net, body).loss)


@pytest.mark.parametrize(
    ("phase", "learning", "with_faces", "reached"),
    [
        (1, ("base", "no_caption", "pose", "reference", "no_reference"), False, False),
        (2, FACE, True, True),
        (3, ("base", "no_caption", "pose", "reference", "no_reference", *FACE), True, True),
    ],
)
def test_gradients_reach_the_face_encoder_in_the_later_stages(
    phase: int, learning: tuple[Part, ...], with_faces: bool, reached: bool
) -> None:
    net, conditions = awake(small()), replace(some_conditions(), text=None)
    conditions = replace(conditions, references_seen=torch.tensor([[True, True], [True, False]]))
    if with_faces:
        conditions = replace(conditions, faces=halfway_unseen(conditions))
    else:
        conditions = replace(conditions, faces=None)
    learn(net, learning, some_batch(conditions))
    named, gradients = parts(net), {name: p.grad for name, p in net.named_parameters()}

    def moved(name: str) -> bool:
        gradient = gradients[name]
        return gradient is not None and bool(gradient.any())

    assert {moved(name) for name in named["face_encoder"]} == {reached}, phase
    for part in learning:
        assert all(moved(name) for name in named[part] if not blind(name)), part
    assert not any(moved(name) for name in named["face_spare"])


def blind(name: str) -> bool:
    """Weights that cannot matter: a single caption token is read whatever is asked."""
    return (
        any(f".cross_attn.{leaf}" in name for leaf in ("q.", "k.", "norm_q.", "norm_k.")) or "norm3" in name
    )
