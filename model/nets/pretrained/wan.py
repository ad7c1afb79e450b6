"""Public weights of Wan 2.1 and 2.2 as the base of a network.

Our names are those of the original files. Diffusers' names are translated. Text-to-video weights, and those
of Wan 2.2 TI2V 5B, load strictly; of image-to-video weights the patch embedding is split over ours (the noisy
latent's columns, the hand-over frame's, and the sum of the mask's four, which are alike over a known latent
frame). The branch that reads a CLIP picture loads where the sizes have one (`image_width`), and is left out
where not. So is what Wan 2.2 Animate has for pose and faces, whose build is another; the rest of it is an
image-to-video base.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from model.nets.dit import DiT
from model.nets.layers import EPS
from model.nets.param_groups import PUBLIC, part
from model.nets.sizes import Sizes
from storage.weight_files import by_pattern, check_keys

FROM_DIFFUSERS = {
    r"^condition_embedder\.time_embedder\.linear_1\.": "time_embedding.0.",
    r"^condition_embedder\.time_embedder\.linear_2\.": "time_embedding.2.",
    r"^condition_embedder\.time_proj\.": "time_projection.1.",
    r"^condition_embedder\.text_embedder\.linear_1\.": "text_embedding.0.",
    r"^condition_embedder\.text_embedder\.linear_2\.": "text_embedding.2.",
    r"^condition_embedder\.image_embedder\.norm1\.": "img_emb.proj.0.",
    r"^condition_embedder\.image_embedder\.ff\.net\.0\.proj\.": "img_emb.proj.1.",
    r"^condition_embedder\.image_embedder\.ff\.net\.2\.": "img_emb.proj.3.",
    r"^condition_embedder\.image_embedder\.norm2\.": "img_emb.proj.4.",
    r"\.attn1\.": ".self_attn.",
    r"\.attn2\.": ".cross_attn.",
    r"\.to_([qkv])\.": r".\1.",
    r"\.to_out\.0\.": ".o.",
    r"\.add_([kv])_proj\.": r".\1_img.",
    r"\.norm_added_k\.": ".norm_k_img.",
    r"\.norm2\.": ".norm3.",
    r"\.ffn\.net\.0\.proj\.": ".ffn.0.",
    r"\.ffn\.net\.2\.": ".ffn.2.",
    r"^scale_shift_table$": "head.modulation",
    r"\.scale_shift_table$": ".modulation",
    r"^proj_out\.": "head.head.",
}

TO_DIFFUSERS = {
    r"^time_embedding\.0\.": "condition_embedder.time_embedder.linear_1.",
    r"^time_embedding\.2\.": "condition_embedder.time_embedder.linear_2.",
    r"^time_projection\.1\.": "condition_embedder.time_proj.",
    r"^text_embedding\.0\.": "condition_embedder.text_embedder.linear_1.",
    r"^text_embedding\.2\.": "condition_embedder.text_embedder.linear_2.",
    r"^img_emb\.proj\.0\.": "condition_embedder.image_embedder.norm1.",
    r"^img_emb\.proj\.1\.": "condition_embedder.image_embedder.ff.net.0.proj.",
    r"^img_emb\.proj\.3\.": "condition_embedder.image_embedder.ff.net.2.",
    r"^img_emb\.proj\.4\.": "condition_embedder.image_embedder.norm2.",
    r"\.([kv])_img\.": r".add_\1_proj.",
    r"\.norm_k_img\.": ".norm_added_k.",
    r"\.self_attn\.": ".attn1.",
    r"\.cross_attn\.": ".attn2.",
    r"\.([qkv])\.": r".to_\1.",
    r"\.o\.": ".to_out.0.",
    r"\.norm3\.": ".norm2.",
    r"\.ffn\.0\.": ".ffn.net.0.proj.",
    r"\.ffn\.2\.": ".ffn.net.2.",
    r"^head\.modulation$": "scale_shift_table",
    r"\.modulation$": ".scale_shift_table",
    r"^head\.head\.": "proj_out.",
}

IMAGE = re.compile(r"^img_emb\.|\.cross_attn\.(k_img|v_img|norm_k_img)\.")
"""Weights of Wan 2.1's image-to-video bases that read CLIP's pictures: placed where sizes say so."""

ANIMATE = re.compile(r"^(pose_patch_embedding|motion_encoder|face_encoder|face_adapter)\.")
"""Weights of Wan 2.2 Animate that read pose and faces: they have no place here."""

MASKS = 4
"""Mask channels of image-to-video weights: one a video frame of the latent frame."""


@dataclass(frozen=True)
class BaseReport:
    """What was read of a base."""

    num_tensors: int
    image_to_video: bool
    left_out: str
    """By pattern; empty where all was read."""


def load_base(net: DiT, weights: Mapping[str, Tensor]) -> BaseReport:
    """Put a base's weights into the network; its other parts stay as they are.

    Raises:
        ValueError: weights are missing, unexpected or of other shapes; named by pattern, and nothing was
        changed.
    """
    base = {ours(name): tensor for name, tensor in weights.items()}
    wanted = {name: tensor for name, tensor in net.state_dict().items() if part(name) in PUBLIC}
    others = without_place(base, net.sizes)
    patches = base.get("patch_embedding.weight")
    channels = net.sizes.channels
    image_to_video = patches is not None and patches.shape[1] == 2 * channels + MASKS
    if patches is not None and patches.shape[1] not in {channels, 2 * channels + MASKS}:
        raise ValueError(
            f"this base embeds {patches.shape[1]} channels, and the network {channels}, or "
            f"{2 * channels + MASKS} where a first frame is given; Wan 2.2 TI2V 5B has 48, for which "
            "there is the recipe wan_5b"
        )
    control = {}
    if patches is not None and image_to_video:
        base = {name: tensor for name, tensor in base.items() if name not in others}
        base["patch_embedding.weight"] = patches[:, :channels]
        control["control_embedding.weight"] = control_columns(patches, net)
    check_keys(base, wanted, "this base does not fit the network")
    net.load_state_dict(base | control, strict=False)
    return BaseReport(len(base) + len(control), image_to_video, by_pattern(others))


def without_place(names: Iterable[str], sizes: Sizes) -> set[str]:
    """Of our names of a base's weights, those that a network of these sizes has no place for."""
    return {name for name in names if ANIMATE.search(name) or (IMAGE.search(name) and not sizes.image_width)}


def ours(name: str) -> str:
    """Our name of a base's weight."""
    for pattern, replacement in FROM_DIFFUSERS.items():
        name = re.sub(pattern, replacement, name)
    return name


def theirs(name: str) -> str:
    """Diffusers' name of a base's weight, by ours."""
    for pattern, replacement in TO_DIFFUSERS.items():
        name = re.sub(pattern, replacement, name)
    return name


def diffusers_config(sizes: Sizes) -> dict[str, Any]:
    """What diffusers wants to know of a base of these sizes."""
    return {
        "_class_name": "WanTransformer3DModel",
        "added_kv_proj_dim": sizes.width if sizes.image_width else None,
        "attention_head_dim": sizes.head_width,
        "cross_attn_norm": True,
        "eps": EPS,
        "ffn_dim": sizes.ffn,
        "freq_dim": sizes.freq_dim,
        "image_dim": sizes.image_width or None,
        "in_channels": sizes.channels,
        "num_attention_heads": sizes.heads,
        "num_layers": sizes.layers,
        "out_channels": sizes.channels,
        "patch_size": list(sizes.patch),
        "qk_norm": "rms_norm_across_heads",
        "rope_max_seq_len": 1024,
        "text_dim": sizes.text_width,
    }


def control_columns(patches: Tensor, net: DiT) -> Tensor:
    """Our control embedding from an image-to-video patch embedding over noise, masks and condition."""
    channels = net.sizes.channels
    _, mask, condition = patches.split([channels, MASKS, channels], dim=1)
    pose = torch.zeros_like(net.control_embedding.weight)[:, channels + 1 :].type_as(patches)
    return torch.cat([condition, mask.sum(dim=1, keepdim=True), pose.to(patches.device)], dim=1)
