"""How a data set is read: all that a recipe may say of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from model.data.deal import DealSettings
from model.data.sample import SampleSettings


@dataclass(frozen=True, kw_only=True)
class LoaderSettings:
    """How a data set is read."""

    deal: DealSettings = field(default_factory=DealSettings)
    sample: SampleSettings = field(default_factory=SampleSettings)
    seed: int = 0
    epochs: int | None = None
    """End after so many epochs; None: never."""
    max_unfit: int = 0
    """Samples that a rank may leave out, counted and named, before the run stops; 0 stops at the first."""
    verify: bool = True
    """Compare the bytes of every sample with the digest in the index."""
    workers: int = 4
    """Processes that make batches; 0 makes them where they are used."""
    batches_ahead_mib: int = 4096
    """Most memory of batches that are made before they are asked for, MiB."""
    fetch_ahead_mib: int = 64
    """Most memory of stored samples that one worker fetches before it needs them, MiB."""
