"""`run.json` of films of a benchmark, and of what was measured of some: the command as it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dataset.names import RUN
from engine.differences import as_plain
from jobs.stored.commands import from_anywhere
from jobs.stored.files import write
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class StoredEvaluation:
    """What a folder was made by."""

    evaluation: Literal["render", "score"]
    job: Mapping[str, Any]
    """The settings of the command."""


def remember(out: Place, evaluation: Literal["render", "score"], job: Any) -> None:
    """Say in a folder what makes it, so that one of its items can be run alone."""
    write(out, RUN, asdict(StoredEvaluation(evaluation=evaluation, job=as_plain(from_anywhere(job)))))


def evaluation_in(out: Place) -> StoredEvaluation | None:
    """What a folder was made by; None where it is no evaluation's.

    Raises:
        ValueError: the file that says it is not ours.
        OSError: it cannot be read.
    """
    raw = json_at(out, RUN) if out.size(RUN) is not None else None
    if not isinstance(raw, dict) or "evaluation" not in raw:
        return None
    return read_as(StoredEvaluation, raw, f"{out.uri_of(RUN)}: not what an evaluation says of itself")
