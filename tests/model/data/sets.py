"""Reading test data sets: settings for small samples, and single samples without a loader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dataset.index import read_index
from dataset.reader import Members, Reader
from model.data.batch import Batch, Pages
from model.data.epoch_order import Draw, OrderSettings
from model.data.groups import AS_IT_IS
from model.data.sample import fill
from model.data.settings import LoaderSettings, SampleSettings
from schemas.index import IndexRow


def settings(**changes: Any) -> LoaderSettings:
    """Each sample once an epoch, batches of one to four, in this process."""
    base = LoaderSettings(
        order=OrderSettings(groups=AS_IT_IS, max_tokens=1_500, mixed_shards=2, alike=2, max_dropped=1.0),
        workers=0,
        batches_ahead_mib=256,
    )
    return replace(base, **changes)


def stored(out: Path, number: int) -> tuple[IndexRow, Members]:
    """A row and its members."""
    row = read_index(out).row(number)
    return row, Reader(str(out), verify=True).read(row)


def one(sample: tuple[IndexRow, Members], draw: Draw, how: SampleSettings) -> Batch:
    """A batch of one sample."""
    row, members = sample
    baked = how.maps == "baked"
    pages = Pages(1, draw.frames, row.height, row.width, shared=False, baked=baked)
    fill(pages.next_page(), row, members, draw, how)
    pages.keep(row.key, draw.start)
    return pages.batch(())


def apart(drawn: Tensor, reference: NDArray[np.uint8]) -> int:
    """Largest difference of two pictures, 0..255."""
    return int(np.abs(drawn.numpy().astype(int) - reference).max())
