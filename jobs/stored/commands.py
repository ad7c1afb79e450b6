"""Flags of a command as a file keeps them: what a run wrote of itself, or what `--config` names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from rich.console import Console

from dataset.names import NEXT, RUN
from engine.core import CannotRun
from engine.differences import Difference, as_plain
from engine.ledger import Ledger
from engine.planning.rates import busy_s
from jobs.console.flags import value_of
from jobs.console.progress import readable_laps, readable_s
from jobs.stored.addresses import holds_server
from storage.disk import replacing
from storage.json_files import json_at
from storage.place import Place
from storage.records import Others, read_as

T = TypeVar("T")
HOW = ("runner", "cluster", "patience", "strict", "retry", "force")
OF_ONE_LINE = {"out", "config", "save_config", "redo", *HOW}
"""Flags that are taken from no file: they say where, and how patiently, one command line does its work."""


class NeedsRedo(CannotRun):
    """Settings differ from those that something was made with."""


def flags_for(cls: type[Any], args: Sequence[str], room: str) -> dict[str, Any]:
    """What a command goes on with that its line leaves out: what `--config` says, or the last run on `--out`.

    Raises:
        ValueError, OSError: as `flags_of`.
    """
    out = value_of("--out", args)
    if not out or value_of("--config", args):
        return flags_of(cls, args, room)
    place = Place.at(out)
    name = next((name for name in (NEXT, RUN) if place.size(name) is not None), None)
    return flags_in(cls, place, name, room, others="ignore") if name else {}


def flags_of(cls: type[Any], args: Sequence[str], room: str) -> dict[str, Any]:
    """Values of fields of `cls` by name, as the file says that `--config` names; none without it.

    Raises:
        ValueError: the file is none of a run of this command, or has names that are no flags.
        OSError: it cannot be read.
    """
    config = value_of("--config", args)
    return flags_in(cls, *Place.holding(config), room, others="forbid") if config else {}


def flags_in(cls: type[Any], place: Place, name: str, room: str, *, others: Others) -> dict[str, Any]:
    """What a file says of fields of `cls`, under the name `room`, and of its `data` beside that.

    Nothing where `others` are ignored and the file is of another kind, and no address that names a server.

    Raises:
        ValueError: the file is none of those; says which name or value is none.
        OSError: it cannot be read.
    """
    content, what = json_at(place, name), f"{place.uri_of(name)}: not the settings of a run"
    content = content if isinstance(content, Mapping) else {}
    given = content.get(room)
    if not isinstance(given, Mapping) or not given:
        if others == "forbid":
            raise ValueError(f"{what} (there is nothing under {room!r})")
        return {}
    if content.get("data"):
        given = {**given, "data": content["data"]}
    kinds = get_type_hints(cls)
    if others == "forbid" and (strange := [one for one in given if one not in kinds]):
        raise ValueError(f"{what} ({', '.join(f'{room}.{one}: no such name' for one in strange)})")
    known = [one for one in given if one in kinds and one not in OF_ONE_LINE]
    taken = [one for one in known if not holds_server(given[one])]
    return {one: read_as(kinds[one], given[one], f"{what}: {room}.{one}", others=others) for one in taken}


def refuse_other(found: Sequence[Difference], out: Place, leg: str, console: Console, *, redo: bool) -> None:
    """Print which settings are not those that `out` was made with, each of which makes all of a leg anew.

    Raises:
        NeedsRedo: some are, laps of the leg have landed, and `redo` does not say that they may go.
    """
    for difference in found:
        console.print(str(difference), highlight=False, soft_wrap=True)
    landed = [lap for _, lap in Ledger(out).all_landed(leg)] if found else []
    if landed and not redo:
        raise NeedsRedo(refusal(out, len(landed), sum(map(busy_s, landed))))


def refusal(out: Place, laps: int, seconds: float) -> str:
    """Why nothing is done, and what would be done."""
    return (
        f"{out}: was made with other settings; without these flags the job goes on with its own, and "
        f"--redo makes {readable_laps(laps)} again, about {readable_s(seconds)} of one worker"
    )


def save_flags(file: Path, job: Any) -> None:
    """Write what a command was given, for `--config` of another."""
    with replacing(file) as written:
        written.write(f"{json.dumps({'job': as_plain(from_anywhere(job))}, indent=1)}\n".encode())


def from_anywhere(job: T) -> T:
    """A record with the paths in it as they are from the root: it says the same in any folder."""
    if not is_dataclass(job) or isinstance(job, type):
        return job
    found = {field.name: getattr(job, field.name) for field in fields(job)}
    return replace(job, **{name: absolute(value) for name, value in found.items()})


def absolute(value: Any) -> Any:
    """A setting whose paths are as they are from the root."""
    if isinstance(value, Path):
        return value.absolute()
    if isinstance(value, tuple):
        return tuple(map(absolute, value))
    return from_anywhere(value)
