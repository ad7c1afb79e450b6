"""`understudy compare`: two data sets side by side, sample by sample and field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import isnan

import tyro
from rich.console import Console
from rich.table import Table

from dataset.compare import FieldSummary, SideBySide, side_by_side
from dataset.index import read_index
from jobs.console.flags import parsed
from jobs.console.plain import tell_json
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode

SHOWN = 5
"""Keys and sentences of one kind that are told."""


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Compare two data sets by their samples' keys: what another model makes of the same videos."""

    here: tyro.conf.Positional[str]
    """Folder or address of a data set."""
    there: tyro.conf.Positional[str]
    """The other one's."""
    max_px: float = 0.0
    """Farthest that points may lie apart, px, in the mean over a sample's frames."""
    max_degrees: float = 0.0
    """Likewise rotations and yaw."""
    max_metres: float = 0.0
    """Likewise joints in space."""
    max_seconds: float = 0.0
    """Likewise times of references and ends of clips."""
    max_share: float = 0.0
    """Likewise scores, and shares of frames."""
    max_missing: float = 0.0
    """Largest share of the samples that only one of the two may have."""
    samples: int = 1000
    """Most samples whose numbers are read, evenly spread over those of other bytes; 0: all."""
    json: bool = False
    """For programs: what is told, with all keys."""

    def limit(self, unit: str) -> float:
        """Farthest that a field of this unit may lie apart; what has another unit is told and not judged."""
        limits = {"px": self.max_px, "degrees": self.max_degrees, "m": self.max_metres, "s": self.max_seconds}
        return self.max_share if unit.startswith("share") else limits.get(unit, float("inf"))


def parse(args: list[str]) -> Compare:
    """The job of a command line."""
    return parsed(Compare, "compare", args)


def compare(job: Compare, console: Console) -> ExitCode:
    """Tell what differs; `WHOLE` where nothing is beyond its limit, else `BELOW_THRESHOLD`.

    `FAILED_ITEMS` where samples cannot be read, which are named.

    Raises:
        ValueError: one is no data set, or a limit is none.
        OSError: one cannot be read.
    """
    if job.samples < 0:
        raise ValueError(f"--samples {job.samples}: 0 looks into all")
    found = side_by_side(read_index(job.here), read_index(job.there), job.samples)
    beyond = list(faults(found, job))
    if job.json:
        tell_json(console, {**json_values(found), "beyond": beyond})
    else:
        tell(found, beyond, job, console)
    if found.unreadable:
        return ExitCode.FAILED_ITEMS
    return ExitCode.BELOW_THRESHOLD if beyond else ExitCode.WHOLE


def faults(found: SideBySide, job: Compare) -> Iterator[str]:
    """A sentence for each limit that is passed."""
    alone = len(found.only_here) + len(found.only_there)
    every = alone + found.same + found.differing + len(found.unreadable)
    if alone > job.max_missing * every:
        yield f"{alone} of {every} samples are in one data set only; --max-missing is {job.max_missing:g}"
    for field in found.fields:
        if field.worst > job.limit(field.unit):
            limit = f"{job.limit(field.unit):g} {field.unit}"
            yield f"{field.field}: {field.worst:.4g} {field.unit} in {field.worst_key}, beyond {limit}"


def json_values(found: SideBySide) -> dict[str, object]:
    """The comparison in JSON's values: what is no number is null."""
    fields = [
        {
            name: None if isinstance(value, float) and isnan(value) else value
            for name, value in asdict(one).items()
        }
        for one in found.fields
    ]
    return {**asdict(found), "fields": fields}


def tell(found: SideBySide, beyond: list[str], job: Compare, console: Console) -> None:
    """Print it for people."""
    counts = f"{found.same} samples are the same, {found.differing} differ, {found.looked_into} looked into"
    console.print(counts, highlight=False)
    for where, keys in ((job.here, found.only_here), (job.there, found.only_there)):
        if keys:
            more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
            line = f"{len(keys)} only in {where}: {', '.join(keys[:SHOWN])}{more}"
            console.print(line, highlight=False, soft_wrap=True)
    if found.fields:
        tell_table(console, table_of(found.fields))
    for sentence in (*found.unreadable[:SHOWN], *beyond):
        console.print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)


def table_of(fields: tuple[FieldSummary, ...]) -> Table:
    """One line a field."""
    table = Table("field", "samples", "median", "95 %", "worst", "unit", "worst sample")
    for one in fields:
        far = ("" if isnan(value) else f"{value:.3g}" for value in (one.median, one.p95, one.worst))
        table.add_row(one.field, str(one.samples), *far, one.unit, one.worst_key)
    return table
