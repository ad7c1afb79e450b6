"""A network out of a packaged file, and its card: a file that lacks or is another's is told alike for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from engine.core import EstimatorUnavailable
from schemas.tracks import EstimatorCard
from storage.packaged_files import PackagedFile, read_packaged

Network = TypeVar("Network")


def network_in(file: PackagedFile, made_of: Callable[[bytes], Network]) -> Network:
    """What `made_of` makes of a file's content.

    Raises:
        EstimatorUnavailable: the file is not there, is another's, or holds no such network.
    """
    try:
        return made_of(read_packaged(file))
    except ValueError as error:
        raise EstimatorUnavailable(str(error)) from error


def card_of(file: PackagedFile, name: str, version: str) -> EstimatorCard:
    """The card of an estimator of one packaged file."""
    return EstimatorCard(name=name, version=version, weights_sha256=file.sha256, licence=file.licence)
