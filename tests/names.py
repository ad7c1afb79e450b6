"""A folder of a user's whose files have the names of our packages."""

from __future__ import annotations

from pathlib import Path

from understudy import PACKAGES


def taken_names(folder: Path) -> Path:
    """The folder, with a file of each name that must not be imported."""
    folder.mkdir(parents=True)
    for name in PACKAGES:
        (folder / f"{name}.py").write_text("raise AssertionError(f'{__file__} was imported')\n")
    return folder
