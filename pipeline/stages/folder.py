"""A folder tree of videos: every file that a name leads to, judged by the names that were given."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storage.address import printable
from storage.place import suffix_of

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".gif", ".flv", ".ogv"),
    *(".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".asf", ".wmv"),
)
"""What the names of videos end in, in any case. A manifest may name other files all the same."""


@dataclass(frozen=True, kw_only=True)
class FolderScan:
    """What a folder or a prefix of a store holds, by address."""

    videos: set[str] = field(default_factory=set)
    others: Counter[str] = field(default_factory=Counter)  # files that are no videos by name, by suffix
    links_out: int = 0  # links that lead out of the folder and were not followed


@dataclass(kw_only=True)
class Tree:
    """A folder tree as it is walked; all paths are free of links but for the last part of a link's own."""

    files: list[Path] = field(default_factory=list)
    links: dict[Path, list[Path]] = field(default_factory=dict)  # to a file, by where they lead
    closed: list[Path] = field(default_factory=list)  # folders that cannot be opened
    links_out: int = 0


def scan(folder: Path, *, follow_links: bool) -> FolderScan:
    """What lies below a folder; what several names lead to counts once.

    A link is judged by its own name: in a store that names files by their content, the file that it leads to
    has none. Links that lead out of the folder are followed only where that is asked for. A folder that
    cannot be opened is among the videos itself, so that the next step rejects it.
    """
    tree = walk(real(folder), follow_links=follow_links)
    videos = set(map(printable, tree.closed))
    others: Counter[str] = Counter()
    for file, links in names(tree):
        if found := chosen(file, links):
            videos.add(printable(found))
        else:
            others[suffix_of(str(file or links[0]))] += 1
    return FolderScan(videos=videos, others=others, links_out=tree.links_out)


def listed(found: Iterable[str]) -> FolderScan:
    """What a prefix of a store holds."""
    addresses = set(found)
    videos = {uri for uri in addresses if is_video(uri)}
    return FolderScan(videos=videos, others=Counter(map(suffix_of, addresses - videos)))


def walk(root: Path, *, follow_links: bool) -> Tree:
    """The tree below a folder."""
    tree = Tree()
    seen: set[Path] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        try:
            with os.scandir(folder) as opened:
                entries = list(opened)
        except OSError:
            tree.closed.append(folder)
            continue
        for entry in entries:
            path = folder / entry.name
            if not entry.is_symlink():
                (waiting if entry.is_dir() else tree.files).append(path)
            elif not (target := real(path)).is_relative_to(root) and not follow_links:
                tree.links_out += 1
            elif is_folder(target):
                waiting.append(target)
            else:
                tree.links.setdefault(target, []).append(path)
    return tree


def names(tree: Tree) -> Iterator[tuple[Path | None, list[Path]]]:
    """Each file by its own name, where it was met under that, and the links that lead to it."""
    links: Mapping[Path, list[Path]] = tree.links
    met = set(tree.files) & links.keys()
    for file in tree.files:
        yield file, sorted(links[file]) if file in met else []
    for target, found in links.items():
        if target not in met:
            yield None, sorted(found)


def chosen(file: Path | None, links: list[Path]) -> Path | None:
    """The path by which a file is listed: its own, else its first link with a video's name; or none."""
    if file is not None and is_video(str(file)):
        return file
    return next((by_name(link) for link in links if is_video(str(link))), None)


def by_name(given: Path) -> Path:
    """Where a name leads, by a path that still tells what the name told."""
    target = real(given)
    return target if is_video(str(target)) or not is_video(str(given)) else real(given.parent) / given.name


def is_video(uri: str) -> bool:
    """Whether a name is that of a video."""
    return suffix_of(uri) in VIDEO_SUFFIXES


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, as far as that can be seen."""
    try:
        return path.is_dir()
    except OSError:
        return False


def real(path: Path) -> Path:
    """The path with all links followed; a link that leads to itself stays as it is."""
    return Path(os.path.realpath(path))
