"""The network against the published one: on weights from their names, and on those that it comes with.

The numbers below are what the authors' network gives for the same pictures.
"""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.estimators.packaged_network import network_in
from pipeline.estimators.transnet.packaged import TRANSITION_NETWORK
from pipeline.estimators.transnet.transitions import TransNetFinder
from pipeline.estimators.transnet.weights import loaded
from pipeline.estimators.transnet.windows import SIZE
from schemas.media import Frames
from storage.packaged_files import fault, weights_folder
from tests.parity.weights import weight
from tests.pipeline.shots.made import shot, through

GAIN = 1.5
FIRST = 8
"""Pictures of a window that is short, for weights from their names."""


def pictures() -> Frames:
    """Pictures (46 27 48 3): a shot dissolves into another one, which is cut to a third."""
    frames = np.concatenate([through(shot(1, 32), shot(2, 32), 4, 6), shot(3, 14)])
    return np.stack([cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA) for frame in frames])


def shapes() -> dict[str, tuple[int, ...]]:
    """Of the tensors of the published file, by their names."""
    named: dict[str, tuple[int, ...]] = {}
    for stack, (before, width) in enumerate(((3, 16), (64, 32), (128, 64))):
        for block, given in enumerate((before, 4 * width)):
            name = f"SDDCNN.{stack}.DDCNN.{block}"
            for dilation in (1, 2, 4, 8):
                named[f"{name}.Conv3D_{dilation}.layers.0.weight"] = (2 * width, given, 1, 3, 3)
                named[f"{name}.Conv3D_{dilation}.layers.1.weight"] = (width, 2 * width, 3, 1, 1)
            for leaf in ("weight", "bias", "running_mean", "running_var"):
                named[f"{name}.bn.{leaf}"] = (4 * width,)
    for layer, size in {
        "frame_sim_layer.projection": (128, 448),
        "frame_sim_layer.fc": (128, 101),
        "color_hist_layer.fc": (128, 101),
        "fc1": (1024, 4864),
        "cls_layer1": (1, 1024),
        "cls_layer2": (1, 1024),
    }.items():
        named[f"{layer}.weight"], named[f"{layer}.bias"] = size, size[:1]
    return named


def drawn() -> dict[str, Tensor]:
    """Weights from the names in the published file, its counters too."""
    counters = [
        f"SDDCNN.{stack}.DDCNN.{block}.bn.num_batches_tracked" for stack in range(3) for block in (0, 1)
    ]
    weights = {name: torch.from_numpy(weight(name, shape, GAIN)) for name, shape in shapes().items()}
    return weights | {name: torch.tensor(0) for name in counters}


def saved(weights: dict[str, Tensor]) -> bytes:
    """A file of them."""
    opened = io.BytesIO()
    torch.save(weights, opened)
    return opened.getvalue()


DRAWN_SINGLE = [0.00098037, 0.00002488, 0.00003771, 0.00062473, 0.00024975, 0.0005508, 0.06062043, 0.09041476]
DRAWN_MANY = [0.59418303, 0.96099621, 0.94964164, 0.88477385, 0.02746417, 0.03733766, 0.31869, 0.00995774]


def test_weights_from_their_names_give_what_the_published_network_gives() -> None:
    single, many = loaded(saved(drawn()))(pictures()[:FIRST])
    np.testing.assert_allclose(single, DRAWN_SINGLE, rtol=0, atol=1e-5)
    np.testing.assert_allclose(many, DRAWN_MANY, rtol=0, atol=1e-5)


def test_other_weights_are_refused_by_name() -> None:
    weights = drawn()
    del weights["cls_layer2.bias"]
    weights["extra"] = torch.ones(1)
    with pytest.raises(
        ValueError,
        match=r"^not the weights of the transition network: missing: many\.bias; unexpected: extra$",
    ):
        loaded(saved(weights))


REAL = {0: (0.000015, 0.000172), 3: (0.00009, 0.097966), 4: (0.000405, 0.864543), 6: (0.972019, 0.977241),
        9: (0.010981, 0.899079), 10: (0.001045, 0.252703), 30: (0.000057, 0.000715), 31: (0.930405, 0.794954),
        32: (0.003984, 0.005073), 45: (0.000012, 0.000314)}  # fmt: skip
"""By picture: that it is the middle of a transition, and within one."""


def test_the_published_weights_find_a_dissolve_and_a_cut() -> None:
    if lacking := fault(TRANSITION_NETWORK, weights_folder()):
        pytest.skip(lacking)
    finder = TransNetFinder(network_in(TRANSITION_NETWORK, loaded), 0.5)
    for picture in pictures():
        finder(picture)
    assert finder.found() == ({32}, [(4, 11)])
    found = np.stack(finder.windows.scores(), axis=1)
    np.testing.assert_allclose(found[list(REAL)], list(REAL.values()), rtol=0, atol=1e-5)
