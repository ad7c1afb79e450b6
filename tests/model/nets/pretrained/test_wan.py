"""The network against the public transformer that it is built on, with the same random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from model.nets.dit import DiT
from model.nets.param_groups import PUBLIC, part
from model.nets.pretrained.wan import load_base, ours
from model.nets.sizes import Sizes, wan_1b, wan_14b
from model.train.init import EXPERTS, base_said
from storage.weight_files import write_weights
from tests.model.nets_inputs import change, noisy, seed, small, some_conditions
from tests.parity.weights import drawn

SIZES = [
    small(),
    small(width=96, heads=4, layers=3, ffn=200, freq_dim=32),
    small(width=64, heads=1, layers=1, ffn=64, patch=(1, 1, 1)),
]


def public(sizes: Sizes, channels: int = 16, **options: object) -> WanTransformer3DModel:
    """Diffusers' transformer of these sizes, weights drawn so that no input is lost on the way."""
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
    with pytest.raises(ValueError, match=r"embeds 48 channels, and the network 16.*strides are 16"):
        load_base(DiT(small(), seed(0)), weights)


@pytest.mark.parametrize("pair", EXPERTS)
def test_of_two_experts_one_is_asked_for(pair: tuple[str, str], tmp_path: Path) -> None:
    for name in pair:
        write_weights(tmp_path / name, public(small()).state_dict().items())
    with pytest.raises(ValueError, match=rf"two networks.*{pair[1]}"):
        base_said(tmp_path)
    assert base_said(tmp_path / pair[1]).endswith(": whole")


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
