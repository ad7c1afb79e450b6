"""Where a training begins: a fresh network, with public weights where the settings name some.

It is made once, by the first rank, and stored; all ranks take their weights from there one by one, as they do
later from a checkpoint. So a machine's memory holds no whole network beside those of its GPUs.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Generator, Tensor

from model.data.rng import words
from model.nets.dit import DiT
from model.nets.precision import put
from model.nets.pretrained.pd_fgc import load_motion
from model.nets.pretrained.wan import OTHERS, load_base, ours
from model.train.names import START
from model.train.ranks import of_all, own_rank
from model.train.settings import Training
from storage.stored_weights import StoredWeights
from storage.weight_files import by_pattern, check_keys, read_weights, write_weights

EXPERTS = (("high_noise_model", "low_noise_model"), ("transformer", "transformer_2"))
"""Folders of the two networks of Wan 2.2 A14B, for much noise and little: as published, and diffusers'."""

HERE = ("face.", "speech.")
"""Parts that are measured before a phase: they are in memory from the first."""


def begun(run: Path, settings: Training) -> StoredWeights:
    """The weights that a run begins with; all ranks ask together.

    Raises:
        ValueError: public weights are not there, or do not fit.
    """
    folder = run / START
    if own_rank() == 0:
        net = fresh(settings)
        shutil.rmtree(folder, ignore_errors=True)
        write_weights(folder, net.state_dict().items())
    of_all(None)
    return StoredWeights.of(folder)


def fresh(settings: Training) -> DiT:
    """The network that a run begins with.

    Raises:
        ValueError: public weights are not there, or do not fit.
    """
    net = empty(settings)
    if settings.base is not None:
        load_base(net, public(settings.base))
    if settings.motion is not None:
        load_motion(net, read_weights(settings.motion))
    return net


def base_said(path: Path) -> str:
    """A line about what of a base has no place in the network.

    Raises:
        ValueError: there is none.
    """
    left_out = by_pattern(name for name in map(ours, public(path)) if OTHERS.search(name))
    return f"{path}: without {left_out}" if left_out else f"{path}: whole"


def public(path: Path) -> Mapping[str, Tensor]:
    """Weights of others: of safetensors files each as it is asked for, of others at once.

    Raises:
        ValueError: there are none.
    """
    for pair in EXPERTS:
        if all((path / name).is_dir() for name in pair):
            raise ValueError(
                f"{path}: a base of two networks, {pair[0]} for much noise and {pair[1]} for little; one is "
                "trained here, at all times: give the folder of one"
            )
    lazily = path.is_dir() or path.suffix == ".safetensors"
    return StoredWeights.of(path) if lazily else read_weights(path)


def empty(settings: Training) -> DiT:
    """A network of the sizes, with weights of the seed."""
    word = int(words(1, "weights", settings.seed)[0])
    return DiT(
        settings.sizes,
        Generator().manual_seed(word >> 1),
        activation_checkpointing=settings.activation_checkpointing,
        keep_attention=settings.keep_attention and not settings.compile,
    )


def outlined(settings: Training, stored: StoredWeights) -> DiT:
    """A network whose weights are those stored, and take no memory yet but for faces and speech.

    Raises:
        ValueError: they are not those of such a network; named by pattern.
    """
    with torch.device("meta"):
        net = empty(settings)
    check_keys(stored.outlines, net.state_dict(), "these weights are not those of this network")
    for name in net.state_dict():
        if name.startswith(HERE):
            put(net, name, stored[name])
    return net
