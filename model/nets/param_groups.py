"""Which weight belongs to which part of the network: what the stages of training switch on and off."""

from __future__ import annotations

import re
from typing import Literal, get_args

from torch import nn

Part = Literal[
    "base",
    "lora",
    "text_queries",
    "no_caption",
    "pose",
    "reference",
    "no_reference",
    "face_encoder",
    "face_attn",
    "no_face",
    "face_spare",
    "speech",
]

PATTERNS: dict[Part, re.Pattern[str]] = {
    "lora": re.compile(r".*\.lora_[ab]$"),
    "no_caption": re.compile(r"no_caption$"),
    "no_reference": re.compile(r"no_reference$"),
    "no_face": re.compile(r"face\.null$"),
    "face_spare": re.compile(r"face\.motion\.(to_headpose|headpose_embed|mouth_embed)\."),
    "face_encoder": re.compile(r"face\."),
    "face_attn": re.compile(r"blocks\.\d+\.face_attn\."),
    "reference": re.compile(r"blocks\.\d+\.ref_attn\."),
    "text_queries": re.compile(r"blocks\.\d+\.(norm3|cross_attn\.(q|k|norm_q|norm_k))\."),
    "pose": re.compile(r"(pose|control_embedding)\."),
    "speech": re.compile(r"speech\."),
    "base": re.compile(""),
}
"""The first that matches the start of a name. Spare weights come with PD-FGC; no face token needs them. Text
queries are the base's too, and asked where there is a caption to choose from."""

PUBLIC: frozenset[Part] = frozenset({"base", "text_queries"})
"""Parts that public weights hold."""


def part(name: str) -> Part:
    """The part that a weight belongs to."""
    return next(part for part, pattern in PATTERNS.items() if pattern.match(name))


def parts(net: nn.Module) -> dict[Part, list[str]]:
    """Names of the parameters of a `DiT` by part; every parameter is in exactly one."""
    named: dict[Part, list[str]] = {part: [] for part in get_args(Part)}
    for name, _ in net.named_parameters():
        named[part(name)].append(name)
    return named
