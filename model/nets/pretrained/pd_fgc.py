"""PD-FGC's motion encoder put into the network's face branch."""

from __future__ import annotations

import re

from model.nets.dit import DiT
from storage.weight_files import Weights, check_keys

OTHERS = re.compile(r"mouth_fc|headpose_fc|classifier|to_feature|to_embed")
"""Weights beside the encoder's in the public file: of losses it was trained by."""


def load_motion(net: DiT, weights: Weights) -> None:
    """Put the weights of motion_model.pth into the face branch.

    Raises:
        ValueError: weights are missing, unexpected or of other shapes; nothing was changed.
    """
    encoder = net.face.motion
    own = {name: tensor for name, tensor in weights.items() if not OTHERS.search(name)}
    check_keys(own, encoder.state_dict(), "this motion encoder does not fit the network")
    encoder.load_state_dict(own)
