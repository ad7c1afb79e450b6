"""A codec for a data set, fitted on short windows of its own samples."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.index import Index, read_index
from dataset.reader import Reader
from engine.core import CannotRun
from model.data.batch import as_input
from model.encode.latents import LatentPart, LatentParts, pictures_of
from model.encode.settings import CODEC
from model.encode.threads import one_thread
from model.nets.autoencoders.patches import PatchCodec, PatchSums, fit
from schemas.latents import CodecSample
from schemas.media import MIN_CLIP_FRAMES
from schemas.outcome import Reject, UnfitError
from storage.place import Place

SAMPLES = 48
"""Most samples that a codec is fitted on: 25 frames of 48 clips are 98 000 patches."""


def fit_codec(*roots: str, samples: int = SAMPLES) -> PatchCodec:
    """The patch codec that keeps most of data sets, as far as samples spread evenly over each tell.

    Raises:
        ValueError: there is no such data set, or too little in them, or one breaks a promise of formats.md.
    """
    return fit(chain.from_iterable(films(root, -(-samples // len(roots))) for root in roots))


def films(root: str, samples: int) -> Iterator[Tensor]:
    """The first frames of samples, as a network takes them, one film at a time."""
    reader = Reader(root, verify=True)
    for part in first_parts(read_index(root), samples):
        try:
            yield film(part, reader)
        except UnfitError as no:
            raise ValueError(f"{part.row.key} in {part.row.shard}: {no}") from no


def first_parts(index: Index, samples: int) -> list[LatentPart]:
    """The first frames of so many samples, spread evenly over a data set."""
    numbers = np.unique(np.linspace(0, len(index) - 1, min(samples, len(index)), dtype=int)).tolist()
    return [LatentPart(row=index.row(number), start=0, frames=MIN_CLIP_FRAMES) for number in numbers]


def film(part: LatentPart, reader: Reader) -> Tensor:
    """The frames of a part as a network takes them.

    Raises:
        UnfitError: the sample breaks a promise of formats.md.
    """
    return as_input(torch.from_numpy(pictures_of(part, reader.read(part.row))))[None]


class FitCodec:
    """Fits a codec to samples and puts it beside the latents. Those that break a promise are rejects.

    Reasons: those of `dataset.reader` and `media.members`, and "missing_member".
    """

    def __init__(self, data: str, out: str) -> None:
        self.reader = Reader(data, verify=True)
        self.out = Place.at(out)

    def __call__(self, parts: LatentParts) -> Iterator[CodecSample | Reject]:
        """A row for each sample that counts, a reject for each other, as each is done with.

        The codec is in its place once the last has been given, unless all are rejects.

        Raises:
            CannotRun: too little of them is left.
            OSError: the folder cannot be written.
        """
        sums = PatchSums()
        for part in parts.members:
            try:
                with one_thread():
                    sums.add(film(part, self.reader))
            except UnfitError as no:
                yield Reject(key=part.key, step="fit", reason=no.reason, detail=no.detail, uri=part.uri)
            else:
                yield CodecSample(key=part.key, sample_sha256=part.row.sha256)
        if not sums.num:
            return
        with tempfile.TemporaryDirectory() as folder:
            codec_of(sums).save(Path(folder) / CODEC)
            self.out.put(CODEC, Path(folder) / CODEC)


def codec_of(sums: PatchSums) -> PatchCodec:
    """The codec of what was seen.

    Raises:
        CannotRun: that is too little.
    """
    try:
        with one_thread():
            return sums.codec()
    except ValueError as few:
        raise CannotRun(str(few)) from few
