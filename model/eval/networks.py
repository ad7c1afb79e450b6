"""The networks that metrics look through: one that a package carries, and those of the user's files.

Without its file none of the latter is asked; `docs/evaluation.md` says where each is had and under which
licence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

from model.eval.effnet import EffNet, packaged_effnet
from model.eval.i3d import I3d
from model.eval.inception import Inception
from model.eval.lpips import ALEX, VGG, Lpips
from model.eval.resnet3d import ResNet3d
from model.eval.syncnet import SyncNet
from storage.regular_file import open_regular
from storage.weight_files import read_weights

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class WeightFiles:
    """Files of weights; what is not given is not measured."""

    inception: Path | None = None
    """For FID and KID: pt_inception-2015-12-05-6726825d.pth."""
    i3d: Path | None = None
    """For FVD: i3d_pretrained_400.pt."""
    resnet3d: Path | None = None
    """For FID-VID: resnet-50-kinetics.pth."""
    alex: Path | None = None
    """For LPIPS: alexnet-owt-7be5be79.pth."""
    alex_lins: Path | None = None
    """For LPIPS, beside it: weights/v0.1/alex.pth of the lpips package."""
    vgg: Path | None = None
    """For LPIPS: vgg16-397923af.pth."""
    vgg_lins: Path | None = None
    """For LPIPS, beside it: weights/v0.1/vgg.pth of the lpips package."""
    syncnet: Path | None = None
    """For LSE-D and LSE-C: syncnet_v2.model."""


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Those that there are weights for, ready to be asked."""

    inception: Inception | None = None
    i3d: I3d | None = None
    i3d_disco: I3d | None = None
    resnet3d: ResNet3d | None = None
    alex: Lpips | None = None
    vgg: Lpips | None = None
    effnet: EffNet | None = None
    syncnet: SyncNet | None = None


def load_networks(files: WeightFiles, device: str) -> Networks:
    """The networks of the files that are given.

    Raises:
        ValueError: a file cannot be read or belongs to another network, or one of a pair is missing.
    """
    return Networks(
        inception=fitted(Inception, [files.inception], device),
        i3d=fitted(I3d, [files.i3d], device),
        i3d_disco=fitted(partial(I3d, eps=1e-3, frames_pooled=1), [files.i3d], device),
        resnet3d=fitted(ResNet3d, [files.resnet3d], device),
        alex=fitted(partial(Lpips, ALEX), [files.alex, files.alex_lins], device),
        vgg=fitted(partial(Lpips, VGG), [files.vgg, files.vgg_lins], device),
        effnet=packaged_effnet(device),
        syncnet=fitted(SyncNet, [files.syncnet], device),
    )


def fitted(make: Callable[[], Net], files: list[Path | None], device: str) -> Net | None:
    """A network with its weights; None, and nothing made, where no file is given."""
    given = [file for file in files if file is not None]
    if not given:
        return None
    if len(given) < len(files):
        raise ValueError(f"{given[0]}: LPIPS needs two files, those of the network and of its linear layers")
    weights: dict[str, Tensor] = {}
    for file in given:
        if not file.is_file():
            raise ValueError(f"{file}: no such file of weights")
        weights.update(read_weights(file))
    net = make()
    load(net, weights, given[0])
    return net.to(device).eval()


def load(net: nn.Module, weights: Mapping[str, Tensor], file: Path) -> None:
    """Fill a network; names beyond its own, of classes that no metric asks for, are left.

    Raises:
        ValueError: names are missing, or a shape differs.
    """
    plain = {name.removeprefix("module."): tensor for name, tensor in weights.items()}
    wanted = net.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    shapes = {name: tensor.shape for name, tensor in plain.items()}
    for name, tensor in wanted.items():
        if name not in counters and shapes.get(name) != tensor.shape:
            raise ValueError(f"{file}: not this network's weights: {name} is missing or of another shape")
    net.load_state_dict({name: plain.get(name, tensor) for name, tensor in wanted.items()})


def digests(files: WeightFiles) -> dict[str, str]:
    """SHA-256 of each file that is given: two results agree only where these do."""
    found: dict[str, str] = {}
    for field in fields(files):
        path: Path | None = getattr(files, field.name)
        if path is not None:
            with open_regular(path) as opened:
                found[field.name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found
