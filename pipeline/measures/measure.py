"""What a measure is: one number of a sample, and all that its reader has to know of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.measures.opened import OpenedSample
from schemas.index import IndexRow

NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number of a sample. `of` gives None, or no finite number, where it does not apply to one."""

    name: str
    unit: str
    says: str
    """Its definition, for a person."""
    source: str
    """Where the definition, or what is usual, comes from."""
    of: Callable[[OpenedSample], float | None]
    version: int = 1
    """Raised where `of` would answer otherwise: samples are then measured again."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name in IndexRow.__dataclass_fields__:
            raise ValueError(
                f"{self.name!r} is no name of a measure: small letters, and no column of the index"
            )

    def __repr__(self) -> str:
        return f"{self.name} {self.version}"  # what measured work is known by

    def measured(self, sample: OpenedSample) -> dict[str, float]:
        """The number by its name, nothing where it does not apply."""
        number = self.of(sample)
        return {} if number is None or not math.isfinite(number) else {self.name: float(number)}
