"""The transition network on its weights, as their file names them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.estimators.transnet.network import DILATIONS, TransNet
from pipeline.estimators.transnet.windows import Network, Scores
from storage.torch_files import read_torch_content
from storage.weight_files import check_keys

NAMES = (
    (re.compile(r"^SDDCNN\.(\d)\.DDCNN\.0\."), r"stacks.\1.first."),
    (re.compile(r"^SDDCNN\.(\d)\.DDCNN\.1\."), r"stacks.\1.second."),
    *(
        (re.compile(rf"\.Conv3D_{dilation}\.layers\."), f".convolutions.{place}.")
        for place, dilation in enumerate(DILATIONS)
    ),
    (re.compile(r"\.bn\."), ".norm."),
    (re.compile(r"^frame_sim_layer\.projection\."), "describe."),
    (re.compile(r"^frame_sim_layer\.fc\."), "by_content.read."),
    (re.compile(r"^color_hist_layer\.fc\."), "by_colours.read."),
    (re.compile(r"^fc1\."), "hidden."),
    (re.compile(r"^cls_layer1\."), "single."),
    (re.compile(r"^cls_layer2\."), "many."),
)
"""Names in the file of its authors, part by part, and ours."""


def loaded(content: bytes) -> Network:
    """The network with the weights of a file, on the processor: pictures (t 27 48 3) to two arrays (t,).

    Raises:
        ValueError: it holds others.
    """
    net = network_of(read_torch_content(content, "the transition network"))

    @torch.inference_mode()
    def scores(window: NDArray[np.uint8]) -> Scores:
        single, many = net(torch.from_numpy(window)[None])
        return single[0].numpy(), many[0].numpy()

    return scores


def network_of(weights: Mapping[str, Tensor]) -> TransNet:
    """The network with weights by the names of their file.

    Raises:
        ValueError: exactly these are not given.
    """
    net = TransNet()
    ours = {our_name(name): value for name, value in weights.items()}
    check_keys(ours, net.state_dict(), "not the weights of the transition network")
    net.load_state_dict(ours)
    return net.eval()


def our_name(name: str) -> str:
    """The name in our network of a tensor of the file."""
    for theirs, ours in NAMES:
        name = theirs.sub(ours, name)
    return name
