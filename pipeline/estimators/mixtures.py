"""Which estimators fit together, and what files those of a stack need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from storage.packaged_files import PackagedFile

MOST_NAMED = 3
"""Points that a refusal names."""


def refuse_mixture(backends: Mapping[str, Any]) -> None:
    """Returns where every role's estimator is given the key points that it reads by the one of `person`.

    Those that say nothing of what they read or give fit everywhere.

    Raises:
        ValueError: one is not; says which, and what it lacks.
    """
    person = backends["person"]
    given = getattr(person, "gives", None)
    for role, backend in backends.items():
        lacking = sorted(getattr(backend, "reads", frozenset()) - given) if given is not None else []
        if lacking:
            more = f" and {len(lacking) - MOST_NAMED} more" * (len(lacking) > MOST_NAMED)
            raise ValueError(
                f"{type(backend).__name__} as {role} does not fit {type(person).__name__} as person, "
                f"which does not give {', '.join(lacking[:MOST_NAMED])}{more}"
            )


def files_of(settings: Any) -> Iterator[Path]:
    """The files that settings name."""
    for field in fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, Path):
            yield value
        elif is_dataclass(value):
            yield from files_of(value)


def packaged_of(settings: Any) -> Iterator[PackagedFile]:
    """The files out of packages that estimators of these settings read."""
    yield from getattr(settings, "packaged", ())
    for field in fields(settings):
        value = getattr(settings, field.name)
        if is_dataclass(value):
            yield from packaged_of(value)


def file_bytes(settings: Any) -> int:
    """Bytes of those that are there: about what their networks take of memory."""
    return sum(path.stat().st_size for path in files_of(settings) if path.is_file())
