"""The folder that `--out` names, looked at before any work."""

from __future__ import annotations

from pathlib import Path

from storage.place import Place


def refuse_file(out: str | Path, contents: str) -> None:
    """Returns where `out` may become a folder of `contents`, or lies in an object store.

    Raises:
        ValueError: it is a file, or lies below one.
    """
    folder = Place.at(out).folder
    for path in (folder, *folder.parents) if folder is not None else ():
        if path.is_file():
            raise ValueError(f"{path}: a file; --out names the folder of {contents}")
