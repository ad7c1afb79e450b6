"""Where a training begins: a fresh network, with public weights where the settings name some."""

from __future__ import annotations

from torch import Generator

from model.data.rng import words
from model.nets.dit import DiT
from model.nets.pretrained.pd_fgc import load_motion
from model.nets.pretrained.wan import load_base
from model.train.settings import Training
from storage.weight_files import Weights, check_keys, read_weights


def fresh(settings: Training) -> DiT:
    """The network that a run begins with.

    Raises:
        ValueError: public weights are not there, or do not fit.
    """
    net = empty(settings)
    if settings.base is not None:
        load_base(net, read_weights(settings.base))
    if settings.motion is not None:
        load_motion(net, read_weights(settings.motion))
    return net


def empty(settings: Training) -> DiT:
    """A network of the sizes, with weights of the seed."""
    word = int(words(1, "weights", settings.seed)[0])
    return DiT(
        settings.sizes,
        Generator().manual_seed(word >> 1),
        activation_checkpointing=settings.activation_checkpointing,
        keep_attention=settings.keep_attention and not settings.compile,
    )


def holding(settings: Training, weights: Weights) -> DiT:
    """A network with all of these weights.

    Raises:
        ValueError: they are not those of such a network; named by pattern.
    """
    net = empty(settings)
    check_keys(weights, net.state_dict(), "these weights are not those of this network")
    net.load_state_dict(weights)
    return net
