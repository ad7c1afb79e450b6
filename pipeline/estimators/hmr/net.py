"""The whole network: a crop to rotations, shape and a weak camera; its sizes are read off its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from pipeline.estimators.hmr.decoder import TokenDecoder
from pipeline.estimators.hmr.vit import VisionTransformer
from storage.weight_files import Weights, check_keys

Kind = Literal["body", "hand"]
Precision = Literal["float32", "bfloat16"]
PREFIX: dict[Kind, str] = {"body": "smpl_head", "hand": "mano_head"}
POSE_BUFFER: dict[Kind, str] = {"body": "init_body_pose", "hand": "init_hand_pose"}
ROTATIONS: dict[Kind, int] = {"body": 24, "hand": 16}
"""SMPL's and MANO's, the root's first."""
BETAS, CAMERA = 10, 3
OTHERS = re.compile(r"^(discriminator|smpl|mano)\.|^initialized$")
"""What a training leaves beside the network: its critic, and the body model's numbers."""
HEAD_WIDTH, DECODER_HEAD_WIDTH = 80, 64
"""Width of a head of attention in the published sizes, which weights do not tell. Networks of less than four
heads of that width, and decoders of less than two, have as many narrower ones."""
MARGIN = 32
"""Columns of the square crop on either side that the network does not see."""


@dataclass(frozen=True, kw_only=True)
class HmrSizes:
    """What makes one network another."""

    kind: Kind
    width: int
    depth: int
    heads: int
    hidden: int
    token: int
    """1: the token begins as zero; else as the mean parameters."""
    decoder_width: int
    decoder_depth: int
    decoder_heads: int
    decoder_head_width: int
    decoder_hidden: int


class HmrOutput(NamedTuple):
    """What the network says of B crops."""

    rotations: Tensor
    """(B, 24 or 16, 3, 3): the root's in the crop's camera, then each joint's in its parent."""
    betas: Tensor
    """(B, 10)."""
    camera: Tensor
    """(B, 3): scale, then x and y, as `camera.crop_translation` reads them."""


class ParameterHead(nn.Module):
    """Pose, shape and camera, as offsets from means."""

    def __init__(self, sizes: HmrSizes) -> None:
        super().__init__()
        self.pose_buffer = POSE_BUFFER[sizes.kind]
        pose, width = 6 * ROTATIONS[sizes.kind], sizes.decoder_width
        self.token = sizes.token
        for name, count in ((self.pose_buffer, pose), ("init_betas", BETAS), ("init_cam", CAMERA)):
            self.register_buffer(name, torch.zeros(1, count))
        self.transformer = TokenDecoder(
            token=sizes.token,
            width=width,
            depth=sizes.decoder_depth,
            heads=sizes.decoder_heads,
            head_width=sizes.decoder_head_width,
            hidden=sizes.decoder_hidden,
            context=sizes.width,
        )
        self.decpose, self.decshape, self.deccam = (nn.Linear(width, n) for n in (pose, BETAS, CAMERA))

    def forward(self, features_BNC: Tensor, rounds: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pose (B, 6 a rotation), betas and camera after so many rounds of correction."""
        means = [self.get_buffer(name) for name in (self.pose_buffer, "init_betas", "init_cam")]
        sizes = [mean.shape[1] for mean in means]
        parameters = torch.cat(means, dim=1).expand(len(features_BNC), -1)
        for _ in range(rounds):
            token = parameters if self.token > 1 else torch.zeros_like(parameters[:, :1])
            read = self.transformer(token, features_BNC)
            parameters = parameters + torch.cat(
                [d(read) for d in (self.decpose, self.decshape, self.deccam)], 1
            )
        pose, betas, camera = parameters.split(sizes, dim=1)
        return pose, betas, camera


class HmrNet(nn.Module):
    """HMR2.0 or HaMeR, by the names of their weights."""

    def __init__(self, sizes: HmrSizes, rounds: int = 1, precision: Precision = "float32") -> None:
        super().__init__()
        self.in_half = precision == "bfloat16"
        self.rounds, self.prefix = rounds, PREFIX[sizes.kind]
        self.backbone = VisionTransformer(
            width=sizes.width, depth=sizes.depth, heads=sizes.heads, hidden=sizes.hidden
        )
        self.add_module(self.prefix, ParameterHead(sizes))

    def forward(self, crops_B3SS: Tensor) -> HmrOutput:
        """What is seen on crops of 256 x 256 px, normalised (`crop.normalised`)."""
        with torch.autocast(crops_B3SS.device.type, torch.bfloat16, enabled=self.in_half):
            features = self.backbone(crops_B3SS[..., MARGIN:-MARGIN]).float()
        pose, betas, camera = self.get_submodule(self.prefix)(features, self.rounds)
        return HmrOutput(rotations_of(pose.float().unflatten(1, (-1, 6))), betas.float(), camera.float())


def rotations_of(six: Tensor) -> Tensor:
    """Rotations (..., 3, 3) whose first two columns are nearest to six numbers (Zhou et al. 2019)."""
    first, second = six[..., :3], six[..., 3:]
    x = nn.functional.normalize(first, dim=-1)
    y = nn.functional.normalize(second - (x * second).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)


def sizes_of(weights: Mapping[str, Tensor], kind: Kind) -> HmrSizes:
    """The sizes of the network whose weights these are.

    Raises:
        ValueError: they are of no such network.
    """
    head = PREFIX[kind]
    layers = f"{head}.transformer.transformer.layers."
    try:
        width = weights["backbone.pos_embed"].shape[2]
        decoder_width, token = weights[f"{head}.transformer.to_token_embedding.weight"].shape
        inner = weights[f"{layers}0.1.fn.to_q.weight"].shape[0]
        hidden = weights["backbone.blocks.0.mlp.fc1.weight"].shape[0]
        decoder_hidden = weights[f"{layers}0.2.fn.net.0.weight"].shape[0]
    except (KeyError, ValueError, IndexError) as lacking:
        raise ValueError(
            f"no weights of a {kind} network of the HMR2.0 kind: {lacking} is missing"
        ) from lacking
    head_width, decoder_head_width = min(HEAD_WIDTH, width // 4), min(DECODER_HEAD_WIDTH, inner // 2)
    return HmrSizes(
        kind=kind,
        width=width,
        depth=numbered(weights, r"backbone\.blocks\.(\d+)\."),
        heads=width // head_width,
        hidden=hidden,
        token=token,
        decoder_width=decoder_width,
        decoder_depth=numbered(weights, rf"{re.escape(layers)}(\d+)\."),
        decoder_heads=inner // decoder_head_width,
        decoder_head_width=decoder_head_width,
        decoder_hidden=decoder_hidden,
    )


def in_single(tensor: Tensor) -> Tensor:
    """The tensor in single precision, if it is one of broken numbers."""
    return tensor.float() if tensor.is_floating_point() else tensor


def numbered(weights: Mapping[str, Tensor], pattern: str) -> int:
    """How many numbers stand at a place of the names."""
    return len({found[1] for name in weights if (found := re.match(pattern, name))})


def hmr_net(weights: Weights, kind: Kind, rounds: int = 1, precision: Precision = "float32") -> HmrNet:
    """The network of these weights, for use; in bfloat16 its backbone alone, where nearly all work is.

    Raises:
        ValueError: weights are missing, unexpected or of other shapes.
    """
    own = {name: in_single(tensor) for name, tensor in weights.items() if not OTHERS.match(name)}
    with torch.device("meta"):
        net = HmrNet(sizes_of(own, kind), rounds, precision)
    check_keys(own, net.state_dict(), f"these weights are of no {kind} network of the HMR2.0 kind")
    net.load_state_dict(own, assign=True)
    return net.eval().requires_grad_(requires_grad=False)
