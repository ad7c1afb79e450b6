"""All commands, grouped, with a line each; what one brings along is not read before it is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from typing import Literal

Group = Literal["Data sets", "Looking at them", "Training and animating", "Planning and help"]


@dataclass(frozen=True)
class Entry:
    """A command."""

    name: str
    group: Group
    line: str

    @property
    def module(self) -> str:
        """Where it is; its `parse` makes a job of a command line."""
        return f"jobs.commands.{self.function}"

    @property
    def function(self) -> str:
        """What does the job there."""
        return self.name.replace("-", "_")


MENU = (
    Entry("curate", "Data sets", "make a data set from videos, or go on with one"),
    Entry("status", "Data sets", "how a job goes: legs, rate, time left, what is stuck"),
    Entry("check", "Data sets", "whether a data set keeps every promise of its format"),
    Entry("replay", "Data sets", "run one rejected or crashed item alone"),
    Entry("preview", "Looking at them", "contact sheets and overlay videos of a data set"),
    Entry("show", "Looking at them", "a batch as the model will see it, as one picture"),
    Entry("encode", "Training and animating", "store latents once instead of in every epoch"),
    Entry("train", "Training and animating", "train on a data set, or go on with a run"),
    Entry("animate", "Training and animating", "a video of a picture's person, from a run"),
    Entry("estimate-cost", "Planning and help", "hours and money of a corpus on some machines"),
    Entry("estimate-training", "Planning and help", "memory, hours and money of a training"),
    Entry("doctor", "Planning and help", "what is installed and what is missing"),
)


def menu() -> str:
    """The list of commands, to be printed."""
    width = max(len(entry.name) for entry in MENU)
    lines = ["understudy COMMAND ...: data engine and trainer for human animation"]
    for group, entries in groupby(MENU, lambda entry: entry.group):
        lines += ["", group, *(f"  {entry.name:<{width}}  {entry.line}" for entry in entries)]
    return "\n".join([*lines, "", "understudy COMMAND --help: every setting; understudy --version"])


def entry_of(name: str) -> Entry:
    """The command of a name.

    Raises:
        ValueError: there is none; names the nearest.
    """
    entries = {entry.name: entry for entry in MENU}
    if name not in entries:
        near = get_close_matches(name, entries, n=1)
        meant = f"did you mean {near[0]!r}?" if near else "`understudy` alone lists all"
        raise ValueError(f"there is no command {name!r}; {meant}")
    return entries[name]
