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
from model.flow.timesteps import ALL_TIMES
from model.nets.dit import DiT
from model.nets.precision import put
from model.nets.pretrained.clip import ClipPictures
from model.nets.pretrained.pd_fgc import load_motion
from model.nets.pretrained.wan import load_base, ours, without_place
from model.train.engines.engine import DTYPES
from model.train.names import START
from model.train.ranks import of_all, own_rank
from model.train.settings import Training
from storage.stored_weights import StoredWeights
from storage.weight_files import by_pattern, check_keys, read_weights, write_weights

EXPERTS = (("high_noise_model", "low_noise_model"), ("transformer", "transformer_2"))
"""Folders of the two networks of Wan 2.2 A14B, for much noise and little: as published, and diffusers'."""

IN_MEMORY = ("face.", "speech.")
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
        load_base(net, public(settings.base, settings.times))
    if settings.motion is not None:
        load_motion(net, read_weights(settings.motion))
    return net


def base_note(settings: Training) -> str:
    """A line about what of a base has no place in the network.

    Raises:
        ValueError: there is none.
    """
    assert settings.base
    path = expert_of(settings.base, settings.times)
    left_out = by_pattern(without_place(map(ours, public(path)), settings.sizes))
    return f"{path}: without {left_out}" if left_out else f"{path}: whole"


def expert_of(path: Path, times: tuple[float, float]) -> Path:
    """The folder of the network for these times, where a base has two; else the path as it is.

    Raises:
        ValueError: it has two, and these times are those of both.
    """
    for pair in EXPERTS:
        if all((path / name).is_dir() for name in pair):
            if times == ALL_TIMES:
                raise ValueError(
                    f"{path}: a base of two networks, {pair[0]} for much noise and {pair[1]} for little, and "
                    "a run teaches one: say which by --settings.times 0.9 1 or 0 0.9, or give its folder"
                )
            return path / pair[0 if times[1] == 1 else 1]
    return path


def public(path: Path, times: tuple[float, float] = ALL_TIMES) -> Mapping[str, Tensor]:
    """Weights of others: of safetensors files each as it is asked for, of others at once.

    Raises:
        ValueError: there are none, or of two networks.
    """
    path = expert_of(path, times)
    lazily = path.is_dir() or path.suffix == ".safetensors"
    return StoredWeights.of(path) if lazily else read_weights(path)


def clip_of(settings: Training, device: torch.device) -> ClipPictures | None:
    """The picture encoder of a training, if its base reads one.

    Raises:
        ValueError: it is not where the settings say, or its tokens are of another width.
    """
    if settings.clip is None:
        return None
    found = ClipPictures.of_folder(settings.clip, device, DTYPES[settings.dtype])
    if found.width != settings.sizes.image_width:
        raise ValueError(
            f"{settings.clip}: tokens of {found.width}; the network reads {settings.sizes.image_width}"
        )
    return found


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
        if name.startswith(IN_MEMORY):
            put(net, name, stored[name])
    return net
