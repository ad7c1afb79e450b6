"""`understudy info`: what a data set or a run is, in a few lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from dataset.names import INDEX, NEXT, RUN
from jobs.console.flags import parsed
from jobs.console.plain import tell_json
from jobs.exit_codes import ExitCode
from storage.json_files import json_at
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Info:
    """Say what a data set or a run is: what is in it, what made it, how far it is."""

    where: tyro.conf.Positional[str]
    """Folder or address of a data set, or folder of a run."""
    json: bool = False
    """For programs."""


def parse(args: list[str]) -> Info:
    """The job of a command line."""
    return parsed(Info, "info", args)


def info(job: Info, console: Console) -> ExitCode:
    """Print the facts; `WHOLE`.

    Raises:
        ValueError: there is neither a data set nor a run, or it cannot be read as such.
        OSError: it does not answer.
    """
    facts = facts_of(Place.at(job.where))
    if job.json:
        tell_json(console, facts)
        return ExitCode.WHOLE
    width = max(map(len, facts))
    for name, fact in facts.items():
        console.print(f"{name.replace('_', ' '):<{width}}  {shown(fact)}", highlight=False, soft_wrap=True)
    return ExitCode.WHOLE


def facts_of(place: Place) -> dict[str, Any]:
    """The facts of a data set or of a run, by name."""
    content = json_at(place, RUN) if place.size(RUN) is not None else None
    if isinstance(content, list) and place.folder is not None:
        from jobs.stored.run_facts import run_facts  # brings torch along

        return run_facts(Path(place.folder))
    if isinstance(content, dict) and "vae" in content:
        return {"latents": str(place), **content}
    from jobs.stored.set_facts import set_facts

    if content is None and place.size(INDEX) is None and place.size(NEXT) is None:
        raise ValueError(f"{place}: neither a data set nor a run")
    return set_facts(place)


def shown(fact: Any) -> str:
    """A fact for a person."""
    if isinstance(fact, dict):
        return ", ".join(f"{name} {shown(value)}" for name, value in fact.items())
    if isinstance(fact, (list, tuple)):
        return ", ".join(map(shown, fact))
    if isinstance(fact, float):
        return f"{fact:.2g}" if 0 < abs(fact) < 1 else f"{fact:,.2f}".rstrip("0").rstrip(".")
    return str(fact)
