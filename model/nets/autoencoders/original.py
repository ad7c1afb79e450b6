"""Wan's autoencoders as published: one file of weights, `Wan2.1_VAE.pth` or `Wan2.2_VAE.pth`.

Names become those of diffusers' `AutoencoderKLWan`. Sizes follow from the weights; what no weight tells, the
mean and deviation of each latent channel, is as published in wan/modules/vae.py and vae2_2.py (Apache-2.0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

OF_BLOCKS = {
    r"\.residual\.0\.": ".norm1.",
    r"\.residual\.2\.": ".conv1.",
    r"\.residual\.3\.": ".norm2.",
    r"\.residual\.6\.": ".conv2.",
    r"\.shortcut\.": ".conv_shortcut.",
}
"""Inside a residual block."""

AROUND = {
    r"^conv1\.": "quant_conv.",
    r"^conv2\.": "post_quant_conv.",
    r"coder\.conv1\.": "coder.conv_in.",
    r"coder\.head\.0\.": "coder.norm_out.",
    r"coder\.head\.2\.": "coder.conv_out.",
    r"coder\.middle\.0\.": "coder.mid_block.resnets.0.",
    r"coder\.middle\.1\.": "coder.mid_block.attentions.0.",
    r"coder\.middle\.2\.": "coder.mid_block.resnets.1.",
}
"""Everything else but the steps down and up."""

FIRST = re.compile(r"^(encoder\.down|decoder\.up)samples\.(\d+)\.(.+)$")
"""Of Wan 2.1: the parts of all levels in one row."""
SECOND = re.compile(r"^(encoder\.down|decoder\.up)samples\.(\d+)\.(?:down|up)samples\.(\d+)\.(.+)$")
"""Of Wan 2.2: those of each level in a row of their own."""
UP = 4
"""Parts of a level of Wan 2.1's decoder: three residual blocks, then a step up."""

PATCH = 2
"""Pixels of a side that Wan 2.2 takes together before its first layer."""

FIRST_MEAN = (
    *(-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508),
    *(0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921),
)
FIRST_STD = (
    *(2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743),
    *(3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160),
)
SECOND_MEAN = (
    *(-0.2289, -0.0052, -0.1323, -0.2339, -0.2799, 0.0174, 0.1838, 0.1557),
    *(-0.1382, 0.0542, 0.2813, 0.0891, 0.1570, -0.0098, 0.0375, -0.1825),
    *(-0.2246, -0.1207, -0.0698, 0.5109, 0.2665, -0.2108, -0.2158, 0.2502),
    *(-0.2055, -0.0322, 0.1109, 0.1567, -0.0729, 0.0899, -0.2799, -0.1230),
    *(-0.0313, -0.1649, 0.0117, 0.0723, -0.2839, -0.2083, -0.0520, 0.3748),
    *(0.0152, 0.1957, 0.1433, -0.2944, 0.3573, -0.0548, -0.1681, -0.0667),
)
SECOND_STD = (
    *(0.4765, 1.0364, 0.4514, 1.1677, 0.5313, 0.4990, 0.4818, 0.5013),
    *(0.8158, 1.0344, 0.5894, 1.0901, 0.6885, 0.6165, 0.8454, 0.4978),
    *(0.5759, 0.3523, 0.7135, 0.6804, 0.5833, 1.4146, 0.8986, 0.5659),
    *(0.7069, 0.5338, 0.4889, 0.4917, 0.4069, 0.4999, 0.6866, 0.4093),
    *(0.5709, 0.6065, 0.6415, 0.4944, 0.5726, 1.2042, 0.5458, 1.6887),
    *(0.3971, 1.0600, 0.3943, 0.5537, 0.5444, 0.4089, 0.7468, 0.7744),
)
STATISTICS = {16: (FIRST_MEAN, FIRST_STD), 48: (SECOND_MEAN, SECOND_STD)}
"""Mean and deviation, by how many channels there are."""


def config_of(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """What `config.json` would say of a file's network, as far as its weights can be those of one.

    Raises:
        KeyError: the layers that tell sizes are not there, or latents have channels that nobody published.
        IndexError: these layers are no convolutions.
    """
    channels = weights["conv2.weight"].shape[0]
    mean, std = STATISTICS[channels]
    second = any(map(SECOND.match, weights))
    inputs = weights["encoder.conv1.weight"].shape[1]
    config = {
        "base_dim": weights["encoder.conv1.weight"].shape[0],
        "decoder_base_dim": weights["decoder.head.2.weight"].shape[1],
        "z_dim": channels,
        "in_channels": inputs,
        "out_channels": inputs,
        "latents_mean": mean,
        "latents_std": std,
    }
    return config | {"is_residual": True, "patch_size": PATCH} if second else config


def renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a file under diffusers' names; names that are not theirs stay as they are."""
    return {diffusers_name(name): tensor for name, tensor in weights.items()}


def diffusers_name(name: str) -> str:
    """Diffusers' name of a weight."""
    if found := SECOND.match(name):
        name = second_level(*found.groups())
    elif found := FIRST.match(name):
        name = first_level(*found.groups())
    for pattern, replacement in (AROUND | OF_BLOCKS).items():
        name = re.sub(pattern, replacement, name)
    return name


def second_level(half: str, level: str, part: str, rest: str) -> str:
    """The name of a part of a level of Wan 2.2: a residual block, or the step behind them."""
    step = rest.startswith(("resample.", "time_conv."))
    return f"{half}_blocks.{level}.{f'{half[8:]}sampler' if step else f'resnets.{part}'}.{rest}"


def first_level(half: str, number: str, rest: str) -> str:
    """The name of a part of Wan 2.1: its encoder's lie in one row in both, its decoder's in levels."""
    if half == "encoder.down":
        return f"{half}_blocks.{number}.{rest}"
    level, part = divmod(int(number), UP)
    return f"{half}_blocks.{level}.{'upsamplers.0' if part == UP - 1 else f'resnets.{part}'}.{rest}"
