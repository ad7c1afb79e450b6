"""RTMPose, DWPose or RTMW, made of mmpose's parts; which one it is and how large is read off its weights."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.estimators.rtmpose.mmpose_parts import registry
from pipeline.estimators.rtmpose.topdown import SPLIT
from storage.weight_files import Weights, check_keys

STRIDE = 32
"""Px of the input that a feature of the last stage stands for."""
BLOCKS, WIDTH = 6, 64
"""Blocks of the second stage and channels of the stem in the network of size l."""


@dataclass(frozen=True, kw_only=True)
class RtmSizes:
    """What makes one network another."""

    widen: float
    deepen: float
    points: int
    width: int
    """Of the input, px."""
    height: int
    two_levels: bool
    """RTMW, which reads two levels of features, and not RTMPose or DWPose, which read one."""


class RtmNet(nn.Module):
    """The network, by the names of its weights."""

    def __init__(self, sizes: RtmSizes) -> None:
        super().__init__()
        self.sizes = sizes
        parts = registry()
        self.backbone = parts.build(backbone(sizes))
        if sizes.two_levels:
            self.neck = parts.build(neck(sizes))
        self.head = parts.build(head(sizes))

    def forward(self, crops_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """For each point (B, K, bins) how likely each half pixel of x and y is, on no scale in particular."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of a name that torch has moved, at every block
            features = self.backbone(crops_B3HW)
            x, y = self.head(self.neck(features) if self.sizes.two_levels else features)
        return x, y


def backbone(sizes: RtmSizes) -> dict[str, Any]:
    """CSPNeXt."""
    return {
        "type": "CSPNeXt",
        "arch": "P5",
        "expand_ratio": 0.5,
        "deepen_factor": sizes.deepen,
        "widen_factor": sizes.widen,
        "out_indices": (2, 3, 4) if sizes.two_levels else (4,),
        "channel_attention": True,
        "norm_cfg": {"type": "BN"},
        "act_cfg": {"type": "SiLU"},
    }


def neck(sizes: RtmSizes) -> dict[str, Any]:
    """What joins levels of features, in RTMW alone."""
    return {
        "type": "CSPNeXtPAFPN",
        "in_channels": [int(c * sizes.widen) for c in (256, 512, 1024)],
        "out_channels": None,
        "out_indices": (1, 2),
        "num_csp_blocks": 2,
        "expand_ratio": 0.5,
        "norm_cfg": {"type": "BN"},
        "act_cfg": {"type": "SiLU"},
    }


def head(sizes: RtmSizes) -> dict[str, Any]:
    """What reads features as rows of coordinates."""
    return {
        "type": "RTMWHead" if sizes.two_levels else "RTMCCHead",
        "in_channels": int(1024 * sizes.widen),
        "out_channels": sizes.points,
        "input_size": (sizes.width, sizes.height),
        "in_featuremap_size": (sizes.width // STRIDE, sizes.height // STRIDE),
        "simcc_split_ratio": float(SPLIT),
        "final_layer_kernel_size": 7,
        "gau_cfg": {
            "hidden_dims": 256,
            "s": 128,
            "expansion_factor": 2,
            "dropout_rate": 0.0,
            "drop_path": 0.0,
            "act_fn": "SiLU",
            "use_rel_bias": False,
            "pos_enc": False,
        },
        "loss": {"type": "KLDiscretLoss"},
    }


def sizes_of(weights: Mapping[str, Tensor]) -> RtmSizes:
    """The sizes of the network whose weights these are.

    Raises:
        ValueError: they are of no such network.
    """
    two_levels = "head.mlp2.1.weight" in weights
    last = "head.final_layer.conv.weight" if two_levels else "head.final_layer.weight"
    blocks = {name.split(".")[4] for name in weights if name.startswith("backbone.stage2.1.blocks.")}
    try:
        return RtmSizes(
            widen=weights["backbone.stem.2.conv.weight"].shape[0] / WIDTH,
            deepen=len(blocks) / BLOCKS,
            points=weights[last].shape[0],
            width=weights["head.cls_x.weight"].shape[0] // SPLIT,
            height=weights["head.cls_y.weight"].shape[0] // SPLIT,
            two_levels=two_levels,
        )
    except (KeyError, IndexError) as lacking:
        raise ValueError(f"no weights of RTMPose, DWPose or RTMW: {lacking} is missing") from lacking


def rtm_net(weights: Weights) -> RtmNet:
    """The network of these weights, for use.

    Raises:
        ValueError: weights are missing, unexpected or of other shapes.
        EstimatorUnavailable: mmpose is not installed.
    """
    with torch.device("meta"):
        net = RtmNet(sizes_of(weights))
    check_keys(weights, net.state_dict(), "these weights are of no RTMPose, DWPose or RTMW")
    own = {name: x.float() if x.is_floating_point() else x for name, x in weights.items()}
    net.load_state_dict(own, assign=True)
    return net.eval().requires_grad_(requires_grad=False)
