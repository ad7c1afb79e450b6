"""Settings that were stored against those that are asked for, told by their flags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from schemas.placement import is_placement

ABSENT = "not set"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A setting that was one thing and is to be another."""

    path: str
    """Names from the settings down, joined by dots."""
    was: Any
    now: Any
    room: str = "settings."
    """What the command line puts before the path."""

    @property
    def flag(self) -> str:
        """As the command line names it."""
        return f"--{self.room}{self.path.replace('_', '-')}"

    def __str__(self) -> str:
        return f"{self.flag}: {self.was} before, {self.now} now"


def as_plain(settings: Any) -> dict[str, Any]:
    """A record of settings as JSON has it."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(settings), default=str))
    return plain


def differences(stored: Mapping[str, Any], settings: Any, room: str = "settings.") -> list[Difference]:
    """What differs between stored settings, as JSON has them, and a record; placement is no difference."""
    was, now = dict(leaves(stored)), dict(leaves(as_plain(settings)))
    free = set(placements(settings))
    paths = [path for path in {**now, **was} if path not in free]
    return [
        Difference(path=path, was=was.get(path, ABSENT), now=now.get(path, ABSENT), room=room)
        for path in paths
        if was.get(path, ABSENT) != now.get(path, ABSENT)
    ]


def leaves(plain: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Values by their paths; what is empty is a value."""
    parts: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(plain, Mapping) and (plain or not path):
        parts = iter(plain.items())
    elif isinstance(plain, list) and any(isinstance(part, (dict, list)) for part in plain):
        parts = iter(enumerate(plain))
    else:
        yield path, plain
    for name, part in parts:
        yield from leaves(part, f"{path}.{name}".lstrip("."))


def placements(settings: Any, path: str = "") -> Iterator[str]:
    """Paths of the settings that say where and how fast, and nothing of what comes out."""
    for setting in fields(settings):
        setting_path, value = f"{path}.{setting.name}".lstrip("."), getattr(settings, setting.name)
        if is_placement(setting):
            yield setting_path
        elif is_dataclass(value):
            yield from placements(value, setting_path)
