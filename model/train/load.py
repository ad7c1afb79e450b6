"""What a run has learned, ready to make videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from model.flow.timesteps import ALL_TIMES
from model.nets.autoencoders.opened import open_codec, refuse_unfit
from model.nets.autoencoders.wan import VideoCodec
from model.nets.dit import DiT
from model.nets.lora import A, B, merged
from model.nets.param_groups import Part
from model.nets.precision import rounded
from model.nets.pretrained.captions import CaptionEncoder, caption_digest
from model.nets.pretrained.hearing import Hearing
from model.nets.sizes import Sizes
from model.sample.solve import Expert
from model.train import checkpoint
from model.train.engines.engine import DTYPES
from model.train.names import CODEC
from model.train.settings import Training
from storage.records import read_as
from storage.stored_weights import StoredWeights
from storage.weight_files import Weights, by_pattern, check_keys

Taken = Literal["average", "last"]
"""Weights averaged over the last steps, or as last moved."""


def device() -> torch.device:
    """Where videos are made: a GPU, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def trained(run: Path, taken: Taken, where: torch.device) -> tuple[DiT, VideoCodec]:
    """The network of a run's last checkpoint, and the run's autoencoder.

    Raises:
        ValueError: there is none, it is not ours, or the autoencoder is missing or of other latents.
    """
    folder = last_of(run)
    settings = settings_of(folder)
    net = holding(replace(settings.sizes, lora=0), dict(trained_weights(folder, taken)), folder)
    dtype = DTYPES[settings.dtype]
    codec = open_codec(settings.vae or run / CODEC, where, dtype)
    refuse_unfit(codec, settings.sizes, settings.vae or run / CODEC)
    net = rounded(net, where, dtype).eval().requires_grad_(requires_grad=False)
    if settings.hearing is not None:
        net.speech.features = Hearing(settings.hearing, settings.sizes.speech)
    return net, codec


def much_noise(run: Path, other: Path | None, taken: Taken, where: torch.device) -> Expert | None:
    """The other network of a run that has learned little noise alone; None where a run has learned all.

    Raises:
        ValueError: a run has learned some times alone, and those of the other do not go on from them.
    """
    own = settings_of(last_of(run))
    if other is None and own.times == ALL_TIMES:
        return None
    if other is None:
        raise ValueError(
            f"{run}: has learned times from {own.times[0]:g} to {own.times[1]:g} alone: give the run of "
            "little noise by --run and that of much noise by --much-noise"
        )
    theirs = settings_of(last_of(other))
    if own.times[0] != 0 or theirs.times != (own.times[1], 1.0):
        ends = f"{own.times[0]:g} to {own.times[1]:g} and {theirs.times[0]:g} to {theirs.times[1]:g}"
        raise ValueError(f"{run} and {other}: have learned times from {ends}: together not all from 0 to 1")
    unlike = [name for name in READ if getattr(own.sizes, name) != getattr(theirs.sizes, name)]
    if unlike:
        raise ValueError(f"{run} and {other}: networks that read other things: {', '.join(unlike)} differ")
    return Expert(trained(other, taken, where)[0], theirs.times[0])


READ = ("channels", "stride", "first_frame", "image_width", "text_width")
"""Sizes that what two networks of one film read depends on."""


def trained_weights(folder: Path, taken: Taken) -> StoredWeights:
    """The weights of a checkpoint, averaged or as last moved, with low-rank changes in them.

    Raises:
        ValueError: they are not there.
    """
    found = checkpoint.averages_of(folder) if taken == "average" else checkpoint.weights_of(folder)
    return ChangedWeights(found.files)


class ChangedWeights(StoredWeights):
    """Stored weights, with low-rank changes in what they change."""

    def __getitem__(self, name: str) -> Tensor:
        """A weight, changed."""
        stem = name.removesuffix("weight")
        if name == stem or stem + A not in self.files:
            return super().__getitem__(name)
        change = (super(ChangedWeights, self).__getitem__(stem + part) for part in (A, B))
        return merged(super().__getitem__(name), *change)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return (name for name in self.files if not name.endswith((A, B)))

    def __len__(self) -> int:
        """Number of weights."""
        return sum(1 for _ in self)

    @cached_property
    def outlines(self) -> dict[str, Tensor]:
        """Shape and type of each."""
        return {name: outline for name, outline in super().outlines.items() if name in set(self)}


def has_learned(run: Path, part: Part) -> bool:
    """Whether a phase that a run has begun teaches a part of the network.

    Raises:
        ValueError: there is no checkpoint, or it is not ours.
    """
    folder = last_of(run)
    begun = settings_of(folder).phases[: checkpoint.train_state(folder).phase + 1]
    return any(part in phase.learning for phase in begun)


def embedded(run: Path, caption: str, folder: Path | None) -> Tensor | None:
    """The embedding (1, L, E) of a caption, float32; None without one.

    Raises:
        ValueError: the run has learned from no captions, or its encoder is not the one in the folder.
        OSError: a file of that cannot be read.
    """
    if not caption:
        return None
    latents = settings_of(last_of(run)).loader.latents
    if latents is None or not latents.captions:
        raise ValueError(f"{run}: has learned from no captions: leave out --caption")
    if folder is None:
        raise ValueError("a caption is read by the text encoder of the run's captions: --text-encoder FOLDER")
    for dtype in DTYPES.values():
        if caption_digest(folder, dtype) == latents.captions:
            return CaptionEncoder(folder, torch.device("cpu"), dtype)(caption)[None]
    raise ValueError(f"{folder}: another text encoder than that of the run's captions")


def last_of(run: Path) -> Path:
    """The last checkpoint of a run.

    Raises:
        ValueError: there is none.
    """
    found = checkpoint.checkpoints(run)
    if not found:
        raise ValueError(f"{run}: no checkpoint of a run there")
    return found[-1]


def settings_of(folder: Path) -> Training:
    """The settings that a checkpoint was written under.

    Raises:
        ValueError: it holds none.
    """
    state = checkpoint.train_state(folder)
    settings = read_as(Training, state.settings, f"{folder}: not the settings of a training")
    if state.phase >= len(settings.phases) or state.step > settings.phases[state.phase].steps:
        raise ValueError(
            f"{folder}: tells of step {state.step} of phase {state.phase + 1}, which its settings lack"
        )
    return settings


def holding(sizes: Sizes, weights: Weights, folder: Path) -> DiT:
    """The network of these sizes with a folder's weights; sizes that are not theirs take no memory.

    Raises:
        ValueError: the weights are not of these sizes.
    """
    parts = max(sizes.layers, sizes.motion.depth, sizes.speech.layers)
    if parts > len(weights):
        raise ValueError(f"{folder}: tells of a network of {parts} layers, and holds {len(weights)} weights")
    with torch.device("meta"):
        net = DiT(sizes, torch.Generator())
    check_keys(weights, net.state_dict(), f"{folder}: these weights do not fit its sizes")
    odd = [name for name, weight in weights.items() if not weight.isfinite().all()]
    if odd:
        raise ValueError(f"{folder}: weights that are no finite numbers: {by_pattern(odd)}")
    net.load_state_dict(weights, assign=True)
    return net
