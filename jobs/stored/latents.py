"""`run.json` of stored latents, from which a training is told how to find them; before that, `next.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    text: str = ""
    """Digest of the text encoder; empty where no captions are stored, or until they are made."""
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
    raw = json_at(out, name) if out.size(name) is not None else None
    if not isinstance(raw, dict) or "max_tokens" not in raw:
        return None
    return read_as(StoredLatents, raw, f"{out.uri_of(name)}: not what latents say of themselves")


def has_to_fit(encoding: Encoding, out: Place) -> bool:
    """Whether the codec in `out` is a run's own: there is none yet, or an earlier run was to fit it.

    A codec that was there before any run is taken as it is.
    """
    before = latents_in(out)
    return encoding.vae is None and (out.size(CODEC) is None or (before is not None and before.fitted))


def begin(out: Place, made: StoredLatents) -> None:
    """Say what will be made, where nothing says so yet; to be called before anything changes."""
    before = latents_in(out)
    if before is None or replace(before, vae="", text="") != made:
        write(out, NEXT, asdict(made))


def finish(out: Place, made: StoredLatents) -> None:
    """Say what was made."""
    write(out, RUN, asdict(made))
    if out.size(NEXT) is not None:
        out.remove(NEXT)


def on_latents(settings: Training, roots: Sequence[str]) -> Training:
    """The settings of a training that finds all of its windows among stored latents, of some folders.

    Its windows and token budget are theirs, samples are mirrored if all of them were stored so too, and where
    it names no autoencoder it takes the one that was fitted beside the first. Captions are given where all of
    them hold some.

    Raises:
        ValueError: there are none, or of an earlier version, or those of several folders do not go together.
        OSError: they cannot be read.
    """
    found = [finished(Place.at(root)) for root in roots]
    stored, place = found[0], Place.at(roots[0])
    for root, other in zip(roots, found, strict=True):
        refuse_apart(stored, other, f"{roots[0]} and {root}")
    loader, own = settings.loader, place.folder and place.folder / CODEC
    augment = loader.sample.augment
    if not all(one.settings.get("mirrored") for one in found):
        augment = replace(augment, mirror=0.0)
    loader = replace(
        loader,
        order=replace(loader.order, window=stored.window, max_tokens=stored.max_tokens),
        sample=replace(loader.sample, augment=augment),
        latents=LatentSource(root=roots[0], vae=stored.vae, others=tuple(roots[1:]), captions=stored.text),
    )
    vae = settings.vae or (Path(own) if own and own.exists() else None)
    return replace(settings, loader=loader, vae=vae)


def finished(place: Place) -> StoredLatents:
    """What latents say that are whole.

    Raises:
        ValueError: there are none, or of an earlier version.
    """
    what = f"{place}: no latents that `understudy encode` has finished"
    if place.size(RUN) is None:
        raise ValueError(what)
    return read_as(StoredLatents, json_at(place, RUN), what)


def refuse_apart(one: StoredLatents, other: StoredLatents, where: str) -> None:
    """Returns where one training can read both.

    Raises:
        ValueError: it cannot; says why, and what helps.
    """
    apart = [
        name
        for name, differ in (
            ("autoencoders", one.vae != other.vae),
            ("windows or token budgets", (one.window, one.max_tokens) != (other.window, other.max_tokens)),
            ("text encoders", one.text != other.text),
        )
        if differ
    ]
    if apart:
        raise ValueError(
            f"{where}: latents of different {' and of different '.join(apart)}: encode both under the same "
            "settings, with --vae of one codec"
        )
