"""Measures stored samples."""

from __future__ import annotations

from collections.abc import Iterator

from dataset.reader import Reader
from pipeline.measures.known import measures
from pipeline.measures.opened import opened_sample
from pipeline.measures.pictures import fingerprint
from pipeline.measures.synchrony import mouth_curve
from schemas.measures import MeasuredSample, SampleToMeasure
from schemas.outcome import Rejected, UnfitError


class MeasureSamples:
    """A row for each sample that can be read; the others are rejects, by the reasons of `dataset.reader`."""

    def __init__(self, data: str) -> None:
        self.reader, self.measures = Reader(data, verify=False), measures()

    def __call__(self, sample: SampleToMeasure) -> Iterator[MeasuredSample]:
        """The row of a sample.

        Raises:
            Rejected: it cannot be read.
        """
        row = sample.row
        try:
            opened = opened_sample(row, self.reader.read(row))
        except UnfitError as no:
            raise Rejected(no.reason, no.detail) from no
        numbers = dict[str, float]()
        for measure in self.measures:
            numbers |= measure.measured(opened)
        yield MeasuredSample(
            key=row.key,
            sample_sha256=row.sha256,
            fingerprint=fingerprint(opened.greys),
            mouth=mouth_curve(opened.spoken),
            numbers=numbers,
        )
