"""All measures: ours, and those of installed packages that name some as `understudy.measures`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from pipeline.measures import body, faces, head, pictures, references, sound
from pipeline.measures.measure import Measure

GROUP = "understudy.measures"
"""Entry points of this group are a `Measure`, or several."""
OWN = (
    *(*body.MEASURES, *head.MEASURES, *pictures.MEASURES),
    *(*references.MEASURES, *faces.MEASURES, *sound.MEASURES),
)


@cache
def measures() -> tuple[Measure, ...]:
    """Our measures, then those of plug-ins by the names of their entry points.

    Raises:
        ValueError: an entry point is no measure, or a name is there twice; names it.
    """
    found = list(OWN)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        given = entry.load()
        added = given if isinstance(given, (list, tuple)) else (given,)
        if not all(isinstance(one, Measure) for one in added):
            raise ValueError(
                f"the entry point {entry.name} = {entry.value} is no Measure of pipeline.measures"
            )
        found += added
    names = [one.name for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two measures are named {twice[0]}")
    return tuple(found)
