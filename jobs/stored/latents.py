"""`run.json` of stored latents, from which a training is told how to find them; before that, `next.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dataset.names import NEXT, RUN
from engine.differences import as_plain
from jobs.stored.addresses import storable
from jobs.stored.files import write
from model.data.settings import LatentSource
from model.data.windows import WindowRule
from model.encode.settings import CODEC, Encoding
from model.train.settings import Training
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class StoredLatents:
    """What latents were made with, or are to be."""

    vae: str = ""
    """Digest of the autoencoder, at its precision; empty until they are made."""
    window: WindowRule
    max_tokens: int
    data: str = ""
    """Where the data set lies; empty where that address chose a server, which latents do not."""
    fitted: bool = False
    """Whether the codec beside them is theirs to fit."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those of `Encoding`."""


def latents_of(encoding: Encoding, data: Place, *, fitted: bool) -> StoredLatents:
    """What will be said of latents that are to be made."""
    return StoredLatents(
        window=encoding.window,
        max_tokens=encoding.max_tokens,
        data=storable(data),
        fitted=fitted,
        settings=as_plain(encoding),
    )


def latents_in(out: Place) -> StoredLatents | None:
    """What the last run there was to make; None where it made no latents.

    Raises:
        ValueError: the file that says it is not ours.
        OSError: it cannot be read.
    """
    name = NEXT if out.size(NEXT) is not None else RUN
    said = json_at(out, name) if out.size(name) is not None else None
    if not isinstance(said, dict) or "max_tokens" not in said:
        return None
    return read_as(StoredLatents, said, f"{out.uri_of(name)}: not what latents say of themselves")


def has_to_fit(encoding: Encoding, out: Place) -> bool:
    """Whether the codec in `out` is a run's own: there is none yet, or an earlier run was to fit it.

    A codec that was there before any run is taken as it is.
    """
    before = latents_in(out)
    return encoding.vae is None and (out.size(CODEC) is None or (before is not None and before.fitted))


def begin(out: Place, made: StoredLatents) -> None:
    """Say what will be made, where nothing says so yet; to be called before anything changes."""
    before = latents_in(out)
    if before is None or replace(before, vae="") != made:
        write(out, NEXT, asdict(made))


def finish(out: Place, made: StoredLatents) -> None:
    """Say what was made."""
    write(out, RUN, asdict(made))
    if out.size(NEXT) is not None:
        out.remove(NEXT)


def on_latents(settings: Training, root: str) -> Training:
    """The settings of a training that finds all of its windows among stored latents.

    Its windows and token budget are theirs, samples are mirrored if they were stored so too, and where it
    names no autoencoder it takes the one that was fitted beside them.

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
    augment = loader.sample.augment
    if not stored.settings.get("mirrored"):
        augment = replace(augment, mirror=0.0)
    loader = replace(
        loader,
        order=replace(loader.order, window=stored.window, max_tokens=stored.max_tokens),
        sample=replace(loader.sample, augment=augment),
        latents=LatentSource(root=root, vae=stored.vae),
    )
    vae = settings.vae or (Path(own) if own and own.exists() else None)
    return replace(settings, loader=loader, vae=vae)
