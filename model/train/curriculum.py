"""Canvases and windows that grow from phase to phase: the same data, dealt in another order."""

from __future__ import annotations

from model.data.loader import Loader
from model.data.settings import LoaderSettings
from model.train.settings import Training


def under(loader: Loader, settings: LoaderSettings) -> Loader:
    """The loader under other settings of the order: from the next epoch on, if it has begun one.

    Raises:
        ValueError: nothing can be drawn under them.
    """
    if settings == loader.settings:
        return loader
    ranks = {"rank": loader.rank, "world_size": loader.world_size}
    other = Loader(loader.roots, settings, **ranks, indexes=loader.indexes)
    if loader.position.epoch or loader.position.slot:
        other.load_state_dict(loader.state_dict(), new_epoch=True)
    return other


def loaders(settings: Training, loader: Loader) -> dict[tuple[str, ...], Loader]:
    """The loaders of a training, each by the phases that it serves.

    Raises:
        ValueError: in one of them nothing can be drawn.
    """
    served: dict[LoaderSettings, list[str]] = {}
    for phase in settings.phases:
        served.setdefault(settings.loader_in(phase), []).append(phase.name)
    return {tuple(names): under(loader, how) for how, names in served.items()}
