"""What is measured of a stored sample: a row in a landing, and a row of `measures.parquet` (formats.md)."""

from __future__ import annotations

from schemas.base import record
from schemas.index import IndexRow

TABLE = "measures.parquet"


@record
class SampleToMeasure:
    """A sample that lies in a tar, as what is to be measured."""

    row: IndexRow

    @property
    def key(self) -> str:
        """The sample's."""
        return self.row.key

    @property
    def uri(self) -> str:
        """The tar."""
        return self.row.shard

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return self.row.duration_s


@record
class MeasuredSample:
    """The numbers of a sample by the names of their measures; what does not apply to it is not there."""

    key: str
    sample_sha256: str  # of the sample's members, as in its index row
    fingerprint: str  # hex digits of 3 x 64 bits: early, middle and late picture
    mouth: (
        str  # hex digits: share of the sound's loudness that the mouth tells at 49 lags; empty: nobody speaks
    )
    numbers: dict[str, float]
