"""A codec for a data set, fitted on short windows of its own samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from dataset.index import read_index
from dataset.reader import Reader
from media.members import decode_window
from model.data.batch import as_input
from model.nets.autoencoders.patches import PatchCodec, fit
from schemas.media import MIN_CLIP_FRAMES
from schemas.outcome import UnfitError
from schemas.sample import VIDEO

SAMPLES = 48
"""Most samples that a codec is fitted on: 25 frames of 48 clips are 800 000 patches."""


def fit_codec(root: str, *, samples: int = SAMPLES) -> PatchCodec:
    """The patch codec that keeps most of a data set, as far as samples spread evenly over it tell.

    Raises:
        ValueError: there is no data set, too little is in it, or one of them breaks a promise of formats.md.
    """
    return fit(films(root, samples))


def films(root: str, samples: int) -> Iterator[Tensor]:
    """The first frames of samples, as a network takes them, one film at a time."""
    index, reader = read_index(root), Reader(root, verify=True)
    for number in np.unique(np.linspace(0, len(index) - 1, min(samples, len(index)), dtype=int)).tolist():
        row = index.row(number)
        frames = np.empty((MIN_CLIP_FRAMES, row.height, row.width, 3), np.uint8)
        try:
            decode_window(VIDEO, reader.read(row)[VIDEO], row.frames, 0, frames)
        except UnfitError as no:
            raise ValueError(f"{row.key} in {row.shard}: {no}") from no
        yield as_input(torch.from_numpy(frames))[None]
