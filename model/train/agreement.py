"""From where all ranks of a training go on: the first decides, and nobody begins who sees something else."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from model.data.loader import Loader
from model.train import checkpoint
from model.train.ranks import of_all, of_first, refuse_unlike
from model.train.settings import Training


def agreed(run: Path, settings: Training, loader: Loader) -> Path | None:
    """The checkpoint from which all ranks go on, as the first has it; None where they begin.

    Raises:
        ValueError: ranks see other folders, data sets or settings.
    """
    found = checkpoint.checkpoints(run)
    last = of_first(found[-1].name if found else None)
    standing = "none"
    if last is not None:
        folder = checkpoint.folder_of(run, last)
        standing = checkpoint.state_digest(folder) if folder.exists() else f"no {last}"
    newest = loader.drawn.newest.parts
    several = [f"the index of data set {number + 1}" for number in range(len(newest))]
    data_sets = several if len(newest) > 1 else ["the index of the data set"]
    mine = {
        "the last checkpoint": standing,
        "the settings": sha256(json.dumps(settings.as_plain(), sort_keys=True).encode()).hexdigest(),
        **{name: part.digest for name, part in zip(data_sets, newest, strict=True)},
        "the order of samples": loader.order.digest,
    }
    refuse_unlike(of_all(mine))
    return None if last is None else checkpoint.folder_of(run, last)
