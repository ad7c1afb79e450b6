"""What answers depend on, of settings: everything but where and how fast, and files by what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from schemas.placement import is_placement


def identity(settings: Any) -> str:
    """Settings as a text that is another wherever what they are used for would answer otherwise.

    Of a dataclass: its name, the `version` of its class where that has one, and its fields but for
    placements (`schemas.placement`), each likewise. Of a path, which names a file of weights or a folder of
    them: the digest of what lies there, so that other weights under the same name are another setting, and
    the same ones elsewhere are not.
    """
    if isinstance(settings, Path):
        return content_of(settings)
    if isinstance(settings, tuple | list):
        return f"({', '.join(map(identity, settings))})"
    if not is_dataclass(settings) or isinstance(settings, type):
        return repr(settings)
    cls = type(settings)
    parts = [
        f"{field.name}={identity(getattr(settings, field.name))}"
        for field in fields(cls)
        if not is_placement(field)
    ]
    return f"{cls.__qualname__} {getattr(cls, 'version', 1)}({', '.join(parts)})"


def unsaid(settings: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What counts of settings beside what they say: versions of their classes, digests of files, by names."""
    for name in (field.name for field in fields(settings) if not is_placement(field)):
        setting_path, value = f"{path}.{name}".lstrip("."), getattr(settings, name)
        if isinstance(value, Path):
            yield setting_path, content_of(value)
        elif is_dataclass(value):
            if hasattr(value, "version"):
                yield setting_path, f"version {value.version}"
            yield from unsaid(value, setting_path)


def content_of(path: Path) -> str:
    """Digest of a file, or of a folder's files and their names; where there is neither, that it is so."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        lines = [f"{file.relative_to(path).as_posix()} {content_of(file)}" for file in files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
    if not path.is_file():
        return f"missing {path}"
    state = path.stat()
    return sha256_of(path, state.st_ino, state.st_size, state.st_mtime_ns)


@cache
def sha256_of(path: Path, *_: int) -> str:
    """Digest of a file, taken once as long as it seems to be the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
