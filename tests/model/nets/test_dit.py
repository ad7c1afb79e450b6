"""What the network sees, and what it must not see."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.nets.block import Context
from model.nets.conditions import Conditions, FaceCrops
from model.nets.dit import DiT
from model.nets.rope import Rotation
from tests.model.nets_inputs import awake, change, noisy, seed, small, some_conditions

SEEN = 0.01
"""A change of the output that counts, as a share of its spread."""


@pytest.fixture(scope="module")
def net() -> DiT:
    return awake(small())


def faces(conditions: Conditions) -> FaceCrops:
    assert conditions.faces is not None
    return conditions.faces


def other(name: str, conditions: Conditions) -> Conditions:
    """The scene with one of its inputs replaced."""
    crops = faces(conditions)
    changes: dict[str, object] = {
        "skeleton": {"maps": torch.cat([1 - conditions.maps[:, :3], conditions.maps[:, 3:]], dim=1)},
        "sphere": {"maps": torch.cat([conditions.maps[:, :3], 1 - conditions.maps[:, 3:]], dim=1)},
        "references": {"references": -conditions.references},
        "faces": {"faces": crops._replace(pixels=-crops.pixels)},
        "first": {"first": -conditions.first},
        "text": {"text": None if conditions.text is None else -conditions.text},
        "motion_seen": {"motion_seen": ~conditions.motion_seen},
        "references_seen": {"references_seen": ~conditions.references_seen},
        "faces_seen": {"faces": crops._replace(seen=~crops.seen)},
        "first_given": {"first_given": ~conditions.first_given},
    }
    return replace(conditions, **changes[name])  # type: ignore[arg-type]


INPUTS = [
    "skeleton", "sphere", "references", "faces", "text", "motion_seen", "references_seen", "faces_seen",
    "first_given",
]  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
@torch.inference_mode()
def test_every_input_reaches_every_clip(net: DiT, name: str) -> None:
    conditions = some_conditions()
    x, t = noisy(conditions)
    expected, found = net(x, t, conditions), net(x, t, other(name, conditions))
    assert all(change(found[clip], expected[clip]) > SEEN for clip in range(2))


@torch.inference_mode()
def test_a_fresh_network_hears_neither_controls_nor_faces() -> None:
    net = DiT(small(), seed(0))
    net.head.load_state_dict(awake(small()).head.state_dict())
    conditions = some_conditions(references=0)
    conditions = replace(conditions, first_given=torch.zeros(2, dtype=torch.bool))
    x, t = noisy(conditions)
    expected = net(x, t, replace(conditions, faces=None))
    assert expected.std() > 0.1
    for name in ("skeleton", "sphere", "faces", "motion_seen", "faces_seen"):
        assert torch.equal(net(x, t, other(name, conditions)), expected), name


@torch.inference_mode()
def test_a_fresh_network_hears_references_in_the_joint_attention_only() -> None:
    net = DiT(small(), seed(0))
    net.head.load_state_dict(awake(small()).head.state_dict())
    conditions = some_conditions()
    x, t = noisy(conditions)
    assert change(net(x, t, other("references", conditions)), net(x, t, conditions)) > SEEN


@torch.inference_mode()
def test_the_order_of_references_is_told_by_their_positions_alone(net: DiT) -> None:
    conditions = some_conditions(references=3)
    x, t = noisy(conditions)
    cues, noise_tokens = net.read(conditions), 18
    expected = net.denoise(x, t, cues)
    order = torch.arange(18).view(3, 6).roll(1, dims=0).flatten()

    def moved(rows: Tensor) -> Tensor:
        return torch.cat([rows[:noise_tokens], rows[noise_tokens:][order]])

    swapped = cues._replace(references_BRD=cues.references_BRD[:, order])
    together = swapped._replace(turn=Rotation(*(moved(rows) for rows in cues.turn)))
    assert change(net.denoise(x, t, together), expected) < 1e-4
    assert change(net.denoise(x, t, swapped), expected) > SEEN


@torch.inference_mode()
def test_a_reference_is_a_known_picture_without_pose(net: DiT) -> None:
    conditions = some_conditions()
    conditions = replace(conditions, references=torch.zeros_like(conditions.references))
    mask = net.control_embedding.weight[:, net.sizes.channels].sum(dim=(1, 2, 3))
    assert net.patch_embedding.bias is not None
    expected = (net.patch_embedding.bias + mask).expand(2, 12, -1)
    torch.testing.assert_close(net.reference_tokens(conditions), expected)


@torch.inference_mode()
def test_references_go_the_way_of_the_clip_at_time_zero() -> None:
    block = DiT(small(), seed(0)).blocks[0]  # fresh: Ref Attn and Face Attn answer zero
    generator = seed(1)
    tokens, nothing = torch.randn(2, 6, 48, generator=generator), torch.zeros(2, 0, 48)
    now, clean = torch.randn(2, 2, 1, 6, 48, generator=generator)
    text, turn = torch.randn(2, 3, 48, generator=generator), Rotation(torch.ones(1, 1), torch.zeros(1, 1))
    cues = Context(torch.zeros(0), torch.zeros(0), None, text, None, turn, None)
    as_clip, _ = block(tokens, nothing, clean, now, cues)
    _, as_references = block(nothing, tokens, now, clean, cues)
    torch.testing.assert_close(as_references, as_clip)
    assert change(as_clip, tokens) > SEEN


@pytest.mark.parametrize("name", ["references", "references_seen"])
@torch.inference_mode()
def test_references_are_heard_without_the_joint_attention(name: str) -> None:
    net, conditions = awake(small()), some_conditions()
    for part, parameter in net.blocks.named_parameters():
        if ".self_attn.o." in part:
            parameter.zero_()
    x, t = noisy(conditions)
    assert change(net(x, t, other(name, conditions)), net(x, t, conditions)) > SEEN


@torch.inference_mode()
@torch.inference_mode()
def test_references_that_see_one_another_alone_say_the_same_at_any_noise() -> None:
    conditions = some_conditions()
    alone, joint = (awake(small(layers=2, references_see=see)) for see in ("references", "all"))
    found, expected = (net(*noisy(conditions), conditions) for net in (alone, joint))
    assert change(found, expected) > SEEN
    context = alone.read(conditions)
    torch.testing.assert_close(alone.denoise(*noisy(conditions), alone.listen(context)), found)
    assert joint.listen(context).heard == ()


@torch.inference_mode()
def test_some_blocks_have_branches_and_of_a_width() -> None:
    sizes = small(layers=5, reference_every=2, face_every=3, branch_width=24)
    net = awake(sizes)
    weights = {name: tuple(weight.shape) for name, weight in net.named_parameters()}
    for branch, blocks in (("ref", [0, 2, 4]), ("face", [0, 3])):
        shapes = {
            name: shape for name, shape in weights.items() if f"{branch}_attn.attention.q.weight" in name
        }
        assert shapes == {f"blocks.{number}.{branch}_attn.attention.q.weight": (24, 48) for number in blocks}
    assert weights["blocks.0.face_attn.attention.o.weight"] == (48, 24)
    conditions = some_conditions()
    expected = net(*noisy(conditions), conditions)
    for name in ("references", "faces"):
        assert change(net(*noisy(conditions), other(name, conditions)), expected) > SEEN
    with pytest.raises(ValueError, match="Face Attn of 30 channels have no whole heads of 24"):
        small(branch_width=30)


def test_what_is_not_seen_does_not_count(net: DiT) -> None:
    conditions = some_conditions()
    x, t = noisy(conditions)
    hidden = other("motion_seen", conditions)
    for name in ("skeleton", "sphere", "faces", "faces_seen"):
        assert torch.equal(net(x, t, other(name, hidden)), net(x, t, hidden)), name
    hidden = other("references_seen", conditions)
    assert torch.equal(net(x, t, other("references", hidden)), net(x, t, hidden))
    hidden = other("faces_seen", conditions)
    assert torch.equal(net(x, t, other("faces", hidden)), net(x, t, hidden))


@torch.inference_mode()
def test_a_caption_that_is_withheld_says_what_no_caption_says(net: DiT) -> None:
    """Attention to many equal tokens is attention to one; the other clip of the batch keeps its caption."""
    with torch.no_grad():
        conditions = some_conditions()
        told, untold = (
            net(*noisy(conditions), conditions),
            net(*noisy(conditions), replace(conditions, text=None)),
        )
        mixed = replace(conditions, text_seen=torch.tensor([True, False]))
        found = net(*noisy(conditions), mixed)
    torch.testing.assert_close(found[0], told[0])
    torch.testing.assert_close(found[1], untold[1], atol=1e-4, rtol=1e-4)
    assert change(told, untold) > SEEN


@torch.no_grad()
def test_a_handed_over_frame_stands_in_for_its_noise(net: DiT) -> None:
    conditions = some_conditions()  # given for the second clip only
    x, t = noisy(conditions)
    louder = x.clone()
    louder[:, :, 0] *= 2
    before, after = net(x, t, conditions), net(louder, t, conditions)
    assert change(after[0], before[0]) > SEEN
    assert torch.equal(after[1], before[1])
    after = net(x, t, other("first", conditions))
    assert torch.equal(after[0], before[0])
    assert change(after[1], before[1]) > SEEN


@torch.inference_mode()
def test_clips_do_not_see_each_other(net: DiT) -> None:
    conditions = some_conditions()
    x, t = noisy(conditions)
    mixed = Conditions(
        maps=torch.cat([conditions.maps[:1], 1 - conditions.maps[1:]]),
        motion_seen=torch.tensor([True, False]),
        references=torch.cat([conditions.references[:1], -conditions.references[1:]]),
        references_seen=torch.tensor([[True, True], [False, True]]),
        first=conditions.first,
        first_given=torch.tensor([False, False]),
        faces=faces(conditions)._replace(seen=torch.tensor([[True] * 9, [False] * 9])),
        text=conditions.text,
    )
    expected, found = net(x, t, conditions), net(x, t, mixed)
    torch.testing.assert_close(found[0], expected[0])
    assert change(found[1], expected[1]) > SEEN


def test_a_scene_is_read_once_and_answers_many_times(net: DiT) -> None:
    conditions = some_conditions()
    x, t = noisy(conditions)
    with torch.inference_mode():
        cues = net.read(conditions)
        assert torch.equal(net.denoise(x, t, cues), net(x, t, conditions))
        assert torch.equal(net.denoise(-x, t / 2, cues), net(-x, t / 2, conditions))


def test_recomputed_activations_give_the_same_gradients() -> None:
    conditions = some_conditions()
    x, t = noisy(conditions)
    kept, computed_again = awake(small()), awake(small(), activation_checkpointing=True)
    for net in (kept, computed_again):
        net(x, t, conditions).square().mean().backward()
    for (name, one), (_, two) in zip(kept.named_parameters(), computed_again.named_parameters(), strict=True):
        assert (one.grad is None) == (two.grad is None), name
        if one.grad is not None:
            torch.testing.assert_close(two.grad, one.grad)


@torch.inference_mode()
def test_half_precision_says_nearly_the_same(net: DiT) -> None:
    conditions = some_conditions()
    x, t = noisy(conditions)
    half = awake(small()).bfloat16()
    found, expected = half(x, t, conditions), net(x, t, conditions)
    assert found.dtype == torch.float32
    assert ((found - expected).square().mean() / expected.square().mean()).sqrt() < 0.05


def test_a_seed_makes_a_network() -> None:
    one, two, three = (DiT(small(), seed(number)).state_dict() for number in (0, 0, 1))
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())
    assert not torch.equal(one["patch_embedding.weight"], three["patch_embedding.weight"])


def test_sizes_that_make_no_network_are_refused() -> None:
    with pytest.raises(ValueError, match="width 50 does not make 4 heads"):
        small(width=50, heads=4)
    with pytest.raises(ValueError, match="a token is of one latent frame, not of 2"):
        small(patch=(2, 2, 2))


@torch.inference_mode()
def test_references_are_at_the_time_of_data(net: DiT) -> None:
    times: list[Tensor] = []
    hook = net.blocks[0].register_forward_pre_hook(lambda _, given: times.extend(given[2:4]))
    net(*noisy(some_conditions()), some_conditions())
    hook.remove()
    assert torch.equal(times[1], net.time(torch.zeros(2, 1))[1])
    assert torch.equal(times[0], net.time(noisy(some_conditions())[1][:, None])[1])
