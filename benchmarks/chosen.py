"""Some videos of a folder."""

from __future__ import annotations

from pathlib import Path


def chosen(folder: Path, prefixes: tuple[str, ...], into: Path) -> Path:
    """A new folder `into` of links to the videos whose names begin so, to be read with `follow_links`."""
    into.mkdir()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(prefixes):
            (into / path.name).symlink_to(path.resolve())
    return into
