"""The network against the public transformer that it is built on, with the same random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from model.nets.conditions import Unknown
from model.nets.dit import DiT
from model.nets.param_groups import PUBLIC, part
from model.nets.pretrained.wan import load_base, ours
from model.nets.sizes import Sizes, wan_1b, wan_14b
from model.train.init import EXPERTS, base_note, fresh
from storage.weight_files import write_weights
from tests.model.nets_inputs import change, noisy, seed, small, some_conditions
from tests.model.train.runs import training
from tests.parity.weights import drawn

if TYPE_CHECKING:
    from diffusers import WanTransformer3DModel

SIZES = [
    small(),
    small(width=96, heads=4, layers=3, ffn=200, freq_dim=32),
    small(width=64, heads=1, layers=1, ffn=64, patch=(1, 1, 1)),
]


def public(sizes: Sizes, channels: int = 16, **options: object) -> WanTransformer3DModel:
    """Diffusers' transformer of these sizes, weights drawn so that no input is lost on the way."""
    from diffusers import WanTransformer3DModel

    net = WanTransformer3DModel(
        patch_size=sizes.patch,
        num_attention_heads=sizes.heads,
        attention_head_dim=sizes.head_width,
        in_channels=channels,
        out_channels=16,
        text_dim=sizes.text_width,
        freq_dim=sizes.freq_dim,
        ffn_dim=sizes.ffn,
        num_layers=sizes.layers,
        **options,
    )
    net.load_state_dict(drawn(net, gain=1.5))
    return net


@pytest.mark.parametrize("sizes", SIZES)
@torch.inference_mode()
def test_a_fresh_network_without_references_says_what_its_base_says(sizes: Sizes) -> None:
    base, net = public(sizes), DiT(sizes, seed(0))
    load_base(net, base.state_dict())
    conditions = some_conditions(references=0)
    conditions = replace(conditions, first_given=torch.zeros(2, dtype=torch.bool))
    x, t = noisy(conditions)
    text = conditions.text
    assert text is not None

    def vectors_of(x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        return base(x, 1000 * t, text).sample

    expected = vectors_of(x, t, text)
    assert change(net(x, t, conditions), expected) < 1e-5
    assert change(net(x, t, replace(conditions, faces=None)), expected) < 1e-5
    for other in (vectors_of(-x, t, text), vectors_of(x, t / 2, text), vectors_of(x, t, -text)):
        assert change(other, expected) > 0.05  # the weights let every input through


@torch.inference_mode()
def test_no_caption_is_a_prompt_of_padding() -> None:
    sizes = SIZES[0]
    base, net = public(sizes), DiT(sizes, seed(0))
    load_base(net, base.state_dict())
    conditions = replace(
        some_conditions(references=0), text=None, first_given=torch.zeros(2, dtype=torch.bool)
    )
    x, t = noisy(conditions)
    expected = base(x, 1000 * t, torch.zeros(2, 512, sizes.text_width)).sample
    assert change(net(x, t, conditions), expected) < 1e-5


@torch.inference_mode()
def test_an_image_to_video_base_reads_the_handed_over_frame() -> None:
    sizes = SIZES[0]
    base, net = public(sizes, channels=36), DiT(sizes, seed(0))
    report = load_base(net, base.state_dict())
    assert report.image_to_video
    conditions = some_conditions(references=0)  # the second clip's first frame is given
    x, t = noisy(conditions)
    known = torch.zeros(2, 20, *x.shape[2:])
    known[1, :4, 0], known[1, 4:, 0] = 1, conditions.first[1]
    x[1, :, 0] = conditions.first[1]
    expected = base(torch.cat([x, known], dim=1), 1000 * t, conditions.text).sample
    assert change(net(x, t, conditions), expected) < 1e-5


def agree(found: Tensor, expected: Tensor, inputs: dict[str, Tensor]) -> None:
    """Both are the same, and so is how they change with every channel of every input, which none ignores."""
    assert change(found.detach(), expected.detach()) < 1e-5
    probe = torch.randn(found.shape, generator=seed(9))
    given = list(inputs.values())
    ours_, theirs_ = (torch.autograd.grad((answer * probe).sum(), given) for answer in (found, expected))
    for name, mine, base in zip(inputs, ours_, theirs_, strict=True):
        assert change(mine, base) < 1e-4, name
        by_channel = base.movedim(1, 0).flatten(1).abs().amax(dim=1)
        assert (by_channel > 1e-3 * base.abs().max()).all(), name


def test_an_image_to_video_base_is_told_as_it_was_trained() -> None:
    """Of a first frame beside the noise, grey pixels behind it, and the first frame as CLIP sees it."""
    sizes = small(first_frame="beside", image_width=20)
    base, net = public(sizes, channels=36, image_dim=20, added_kv_proj_dim=48), DiT(sizes, seed(0))
    report = load_base(net, base.state_dict())
    assert report.image_to_video
    assert not report.left_out
    conditions = some_conditions(references=0)
    x, t = noisy(conditions)
    given = {
        "noise": x,
        "known": torch.randn(x.shape, generator=seed(5)),
        "image": torch.randn(2, 7, 20, generator=seed(6)),
        "text": torch.randn(2, 512, sizes.text_width, generator=seed(7)),
    }
    given = {name: value.requires_grad_() for name, value in given.items()}
    unknown = Unknown(given["known"], torch.zeros_like(x))
    told = replace(
        conditions,
        first_given=torch.ones(2, dtype=torch.bool),
        unknown=unknown,
        image=given["image"],
        text=given["text"],
    )
    mask = torch.zeros(2, 4, *x.shape[2:])
    mask[:, :, 0] = 1
    seen = torch.cat([given["noise"], mask, given["known"]], dim=1)
    expected = base(seen, 1000 * t, given["text"], encoder_hidden_states_image=given["image"]).sample
    agree(net(given["noise"], t, told), expected, given)
    missing = replace(told, unknown=None)
    with pytest.raises(ValueError, match="reads latents of grey frames"):
        net(x, t, missing)
    alone = replace(told, first_given=torch.zeros(2, dtype=torch.bool), image=None)
    assert torch.equal(net.control(alone)[:, :16], unknown.alone)


def test_the_base_of_strides_of_16_tells_a_first_frame_the_time_0() -> None:
    sizes = small(channels=48, stride=16, first_frame="at_time_0")
    base = public(replace(sizes, channels=16), channels=48)  # what it gives has 16 channels, so another head:
    base.proj_out = torch.nn.Linear(sizes.width, 4 * 48)
    base.config["out_channels"] = 48
    base.load_state_dict(drawn(base, gain=1.5))
    net = DiT(sizes, seed(0))
    assert not load_base(net, base.state_dict()).image_to_video
    wide = some_conditions(references=0)
    maps = torch.rand(2, 6, wide.maps.shape[2], 64, 96, generator=seed(4))
    first = torch.randn(2, 48, 4, 6, generator=seed(5))
    conditions = replace(wide, maps=maps, first=first, references=torch.zeros(2, 0, 48, 4, 6))
    x, t = torch.randn(2, 48, 3, 4, 6, generator=seed(6)), torch.tensor([0.4, 0.7])
    x[1, :, 0] = first[1]  # the second clip's is given
    times = (1000 * t)[:, None].repeat(1, 3 * 6)
    times[1, :6] = 0
    assert conditions.text is not None
    given = {"noise": x.requires_grad_(), "text": conditions.text.requires_grad_()}
    expected = base(given["noise"], times, given["text"]).sample
    noise = torch.cat([x[:1, :, :1], x[1:, :, :1].detach()])
    found = net(torch.cat([noise, x[:, :, 1:]], dim=2), t, replace(conditions, first=x[:, :, 0]))
    agree(found, expected, given)
    untold = net(x, t, replace(conditions, first_given=NOT_SEEN))
    assert change(untold.detach(), expected.detach()) > 0.01


@torch.inference_mode()
def test_a_latent_that_ends_within_a_patch_goes_on_to_its_end() -> None:
    net = DiT(small(), seed(0))
    load_base(net, public(small()).state_dict())
    odd = some_conditions(references=1)
    maps = torch.rand(2, 6, odd.maps.shape[2], 8 * 5, 8 * 7, generator=seed(4))
    sides: dict[str, Any] = {
        "maps": maps,
        "references": torch.zeros(2, 1, 16, 5, 7),
        "first": torch.zeros(2, 16, 5, 7),
    }
    x, t = torch.randn(2, 16, 3, 5, 7, generator=seed(5)), torch.tensor([0.4, 0.7])
    found = net(x, t, replace(odd, **sides))
    whole: dict[str, Any] = {name: pad_to(value, 6, 8) for name, value in sides.items() if name != "maps"}
    even = replace(odd, **whole, maps=torch.rand(2, 6, maps.shape[2], 48, 64), motion_seen=NOT_SEEN)
    assert found.shape == x.shape
    expected = net(pad_to(x, 6, 8), t, even)[..., :5, :7]
    torch.testing.assert_close(net(x, t, replace(odd, **sides, motion_seen=NOT_SEEN)), expected)


NOT_SEEN = torch.zeros(2, dtype=torch.bool)


def pad_to(latent: Tensor, height: int, width: int) -> Tensor:
    """The last row and column once more, as often as it takes."""
    rows = torch.cat([latent] + [latent[..., -1:, :]] * (height - latent.shape[-2]), dim=-2)
    return torch.cat([rows] + [rows[..., -1:]] * (width - latent.shape[-1]), dim=-1)


def test_the_branch_for_clip_pictures_is_left_out_and_said_so() -> None:
    base = public(small(), channels=36, image_dim=20, added_kv_proj_dim=48)
    report = load_base(DiT(small(), seed(0)), base.state_dict())
    assert report.image_to_video
    assert "blocks.*.cross_attn.k_img.weight (2)" in report.left_out
    assert "img_emb" in report.left_out


def test_wan_animate_is_an_image_to_video_base_and_what_else_it_has_is_said() -> None:
    more = (
        "pose_patch_embedding.weight",
        "motion_encoder.dec.weight",
        "face_adapter.fuser_blocks.0.q.weight",
    )
    plain = public(small(), channels=36).state_dict()
    one, two = DiT(small(), seed(0)), DiT(small(), seed(0))
    load_base(one, plain)
    report = load_base(two, {**plain, **{name: torch.zeros(3) for name in more}})
    assert report.image_to_video
    assert all(name.partition(".")[0] in report.left_out for name in more)
    assert all(map(torch.equal, one.state_dict().values(), two.state_dict().values()))


def test_a_base_of_another_autoencoder_is_refused() -> None:
    weights = public(small(), channels=48).state_dict()
    with pytest.raises(ValueError, match=r"embeds 48 channels, and the network 16.*recipe wan_5b"):
        load_base(DiT(small(), seed(0)), weights)


@pytest.mark.parametrize("pair", EXPERTS)
def test_of_two_experts_the_one_of_the_times_is_taken(pair: tuple[str, str], tmp_path: Path) -> None:
    for number, name in enumerate(pair):
        weights = public(small()).state_dict()
        weights["proj_out.bias"] = torch.full_like(weights["proj_out.bias"], number)
        write_weights(tmp_path / name, weights.items())
    for number, times in enumerate([(0.9, 1.0), (0.0, 0.9)]):
        taught = training(sizes=small(), base=tmp_path, times=times)
        assert fresh(taught).head.head.bias.unique().tolist() == [number]
        assert base_note(taught) == f"{tmp_path / pair[number]}: whole"
    with pytest.raises(ValueError, match=rf"two networks.*{pair[1]}.*--settings.times"):
        base_note(training(sizes=small(), base=tmp_path))


def test_original_and_diffusers_names_are_the_same_weights() -> None:
    diffusers = public(small()).state_dict()
    original = {ours(name): tensor for name, tensor in diffusers.items()}
    assert "blocks.0.self_attn.norm_q.weight" in original
    assert "head.modulation" in original
    one, two = DiT(small(), seed(0)), DiT(small(), seed(0))
    load_base(one, diffusers)
    load_base(two, original)
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, two.state_dict()[name]), name


@pytest.mark.parametrize(("sizes", "values"), [(wan_1b(), 1.419e9), (wan_14b(), 14.288e9)])
def test_public_sizes_have_our_shapes(sizes: Sizes, values: float) -> None:
    from diffusers import WanTransformer3DModel

    with torch.device("meta"):
        base = WanTransformer3DModel(
            num_attention_heads=sizes.heads, ffn_dim=sizes.ffn, num_layers=sizes.layers
        )
        net = DiT(sizes, seed(0))
    theirs = {ours(name): tensor.shape for name, tensor in base.state_dict().items()}
    assert theirs == {n: tensor.shape for n, tensor in net.state_dict().items() if part(n) in PUBLIC}
    assert sum(shape.numel() for shape in theirs.values()) == pytest.approx(values, rel=1e-3)


def test_faults_are_named_by_pattern_and_nothing_is_loaded() -> None:
    weights = public(small()).state_dict()
    net = DiT(small(), seed(0))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    del weights["blocks.0.ffn.net.2.bias"], weights["blocks.1.ffn.net.2.bias"]
    weights["blocks.0.lora.up"] = torch.zeros(1)
    weights["proj_out.bias"] = torch.zeros(7)
    with pytest.raises(ValueError, match=r"missing: blocks\.\*\.ffn\.\*\.bias \(2\); ") as fault:
        load_base(net, weights)
    assert "unexpected: blocks.*.lora.up" in str(fault.value)
    assert "head.head.bias (7,) for (64,)" in str(fault.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
