"""Small networks and models in files by their published names: what `--recipe research` reads, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.estimators.faceverse.net import FaceRegressor
from pipeline.estimators.head_pose import canonical
from pipeline.estimators.hmr.body_model import MANO, SMPL, SMPLX
from pipeline.estimators.hmr.net import HmrNet, HmrSizes, Kind
from pipeline.estimators.rtmpose.net import RtmNet, RtmSizes
from tests.parity.weights import drawn
from tests.pipeline.estimators.hmr.models import write_model

SMALL_VIT: dict[str, int] = {"width": 64, "depth": 2, "heads": 4, "hidden": 128}
SMALL_DECODER: dict[str, int] = {
    "decoder_width": 64,
    "decoder_depth": 1,
    "decoder_heads": 2,
    "decoder_head_width": 16,
    "decoder_hidden": 64,
}
HEAD_POINTS = 19500


def write_weights(folder: Path) -> Path:
    """All files of the stack but CLIP's, whose published size is its only one."""
    folder.mkdir(exist_ok=True)
    torch.save({"state_dict": whole_body(), "meta": {}}, folder / "dw-ll_ucoco_384.pth")
    torch.save({"state_dict": mesh("body")}, folder / "epoch=35-step=1000000.ckpt")
    torch.save({"state_dict": mesh("hand")}, folder / "hamer.ckpt")
    torch.save(regressor(), folder / "faceverse_resnet50.pth")
    np.save(folder / "faceverse_v4_2.npy", np.array(head_model(), dtype=object), allow_pickle=True)
    write_model(folder / "SMPL_NEUTRAL.pkl", SMPL)
    write_model(folder / "SMPLX_NEUTRAL.npz", SMPLX)
    write_model(folder / "MANO_RIGHT.pkl", MANO)
    return folder


def whole_body() -> dict[str, Tensor]:
    """A network of 133 points that is sure of whatever it says, but of eyes, ears and nose says nothing."""
    net = RtmNet(RtmSizes(widen=0.125, deepen=1 / 6, points=133, width=96, height=128, two_levels=False))
    weights = drawn(net, gain=1.5)
    for name in ("head.cls_x.weight", "head.cls_y.weight"):
        weights[name] *= 2.0
    for name in ("head.final_layer.weight", "head.final_layer.bias"):
        weights[name][:5] = 0
    return weights


def mesh(kind: Kind) -> dict[str, Tensor]:
    """A network that sees people upright before the camera, and little of how they move."""
    net = HmrNet(HmrSizes(kind=kind, token=1, **SMALL_VIT, **SMALL_DECODER))
    weights = drawn(net, gain=1.0)
    head = net.prefix
    for name in ("decpose", "decshape", "deccam"):
        weights[f"{head}.{name}.weight"] *= 0.05
        weights[f"{head}.{name}.bias"] *= 0.0
    weights[f"{head}.init_cam"] = torch.tensor([[0.9, 0.0, 0.0]])
    weights[f"{head}.init_betas"] = torch.zeros(1, 10)
    pose = weights[f"{head}.init_{kind if kind == 'hand' else 'body'}_pose"]
    straight = torch.tensor([1.0, 0, 0, 0, 1, 0]).repeat(pose.shape[1] // 6)
    straight[:6] = torch.tensor([1.0, 0, 0, 0, -1, 0])
    weights[f"{head}.init_{kind if kind == 'hand' else 'body'}_pose"] = straight[None]
    return weights


def regressor() -> dict[str, Tensor]:
    """A regressor of heads that look into the camera."""
    net: nn.Module = FaceRegressor(8, (1, 1, 1, 1))
    weights = drawn(net, gain=1.0)
    for number in range(8):
        weights[f"final_layers.{number}.weight"] *= 0.05
        weights[f"final_layers.{number}.bias"] *= 0.0
    return weights


def head_model() -> dict[str, Any]:
    """A head of which MediaPipe's landmarks are those of the canonical face, as far as they are known."""
    mean = np.zeros((HEAD_POINTS, 3), np.float32)
    rng = np.random.default_rng(0)
    mean[:478] = rng.normal(0, 30, (478, 3)) * [1, 1, 0.3]
    index, face, _ = canonical()
    mean[index] = 10 * face
    return {
        "meanshape": mean,
        "idBase": np.zeros((3 * HEAD_POINTS, 156), np.int8),
        "exBase": np.zeros((3 * HEAD_POINTS, 177), np.int8),
        "ver_inds": np.array([19000, 19100, 19200, 19300, 19400, HEAD_POINTS]),
        "keypoints_mediapipe": np.arange(478),
    }
