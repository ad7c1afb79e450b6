"""`run.json` of stored latents, from which a training is told how to find them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dataset.names import RUN
from model.data.settings import LatentSource
from model.data.windows import WindowRule
from model.train.settings import Training
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as

CODEC = "codec.npz"


@dataclass(frozen=True, kw_only=True)
class StoredLatents:
    """What latents were made with."""

    vae: str
    """Digest of the autoencoder, at its precision."""
    window: WindowRule
    max_tokens: int


def on_latents(settings: Training, root: str) -> Training:
    """The settings of a training that finds all of its windows among stored latents.

    Its windows and token budget are theirs, nothing is mirrored, and where it names no autoencoder it takes
    the one that was fitted beside them.

    Raises:
        ValueError: there are none, or of an earlier version.
        OSError: they cannot be read.
    """
    place = Place.at(root)
    what = f"{place}: no latents that `understudy encode` has finished"
    if place.size(RUN) is None:
        raise ValueError(what)
    stored = read_as(StoredLatents, json_at(place, RUN), what)
    loader, own = settings.loader, place.folder and place.folder / CODEC
    augment = replace(loader.sample.augment, mirror=0.0)
    loader = replace(
        loader,
        order=replace(loader.order, window=stored.window, max_tokens=stored.max_tokens),
        sample=replace(loader.sample, augment=augment),
        latents=LatentSource(root=root, vae=stored.vae),
    )
    vae = settings.vae or (Path(own) if own and own.exists() else None)
    return replace(settings, loader=loader, vae=vae)
