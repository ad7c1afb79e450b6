"""All commands, grouped, with a line each; what one brings along is not read before it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from typing import Literal

Group = Literal["Data sets", "Looking at them", "Training and animating", "Evaluating", "Planning and help"]


@dataclass(frozen=True)
class MenuEntry:
    """A command."""

    name: str
    group: Group
    line: str
    stopped: str
    """What is true when it was stopped."""

    @property
    def module(self) -> str:
        """Where it is; its `parse` makes a job of a command line."""
        return f"jobs.commands.{self.function}"

    @property
    def function(self) -> str:
        """What does the job there."""
        return self.name.replace("-", "_").replace(" ", "_")


GOES_ON = "what has landed stays, and the same command goes on from there"
ANEW = "nothing was written, and the same command begins anew"
PARTLY = "what is written stays, and the same command begins anew"
CHECKPOINT = "the same command goes on from the last checkpoint"
AS_IT_WAS = "nothing was changed"

MENU = (
    MenuEntry("manifest", "Data sets", "a table of a folder's videos, to say of each what is known", PARTLY),
    MenuEntry("nersemble", "Data sets", "takes of NeRSemble as videos and a manifest", GOES_ON),
    MenuEntry("curate", "Data sets", "make a data set from videos, or go on with one", GOES_ON),
    MenuEntry("plan", "Data sets", "what curate would redo, why, and for how long", AS_IT_WAS),
    MenuEntry("status", "Data sets", "how a job goes: legs, rate, time left, what is stuck", AS_IT_WAS),
    MenuEntry("check", "Data sets", "whether a data set keeps every promise of its format", AS_IT_WAS),
    MenuEntry("forget", "Data sets", "sources leave a data set, for ever", GOES_ON),
    MenuEntry("audit", "Data sets", "measures, rules, one page and a deny list of a data set", GOES_ON),
    MenuEntry("rejects", "Data sets", "what was not kept, file by file, and why", AS_IT_WAS),
    MenuEntry("replay", "Data sets", "run one rejected or crashed item alone", AS_IT_WAS),
    MenuEntry("compare", "Looking at them", "two data sets, sample by sample, field by field", AS_IT_WAS),
    MenuEntry("info", "Looking at them", "what a data set or a run is, in a few lines", AS_IT_WAS),
    MenuEntry("card", "Looking at them", "a data set described for a hub, a standard, a law", AS_IT_WAS),
    MenuEntry("labels", "Looking at them", "key points as COCO, clips with numbers: FiftyOne", PARTLY),
    MenuEntry("query", "Looking at them", "a question in SQL to samples, rejects and sources", AS_IT_WAS),
    MenuEntry("preview", "Looking at them", "contact sheets of a data set, and overlay videos", PARTLY),
    MenuEntry("show", "Looking at them", "a batch as the model will see it, as one picture", ANEW),
    MenuEntry("pairs", "Training and animating", "pairs of samples across clips, for training", PARTLY),
    MenuEntry("encode", "Training and animating", "store latents once instead of in every epoch", GOES_ON),
    MenuEntry("train", "Training and animating", "train on a data set, or go on with a run", CHECKPOINT),
    MenuEntry("animate", "Training and animating", "a video of a picture's person, from a run", ANEW),
    MenuEntry("export", "Training and animating", "a run's network as a folder for others", PARTLY),
    MenuEntry("evaluate manifest", "Evaluating", "a benchmark: pairs of pictures and films", PARTLY),
    MenuEntry("evaluate render", "Evaluating", "the films of a benchmark, by a run of ours", GOES_ON),
    MenuEntry("evaluate score", "Evaluating", "films of methods, measured and reported", GOES_ON),
    MenuEntry("estimate-cost", "Planning and help", "hours and money of a corpus on machines", AS_IT_WAS),
    MenuEntry("estimate-training", "Planning and help", "memory, hours and money of a training", AS_IT_WAS),
    MenuEntry("weights", "Planning and help", "fetch the embedded networks, once, and check them", PARTLY),
    MenuEntry("doctor", "Planning and help", "what is installed and what is missing", AS_IT_WAS),
)


def menu() -> list[str]:
    """The list of commands, line by line."""
    width = max(len(entry.name) for entry in MENU)
    lines = ["understudy COMMAND ...: data engine and trainer for human animation"]
    for group, entries in groupby(MENU, lambda entry: entry.group):
        lines += ["", group, *(f"  {entry.name:<{width}}  {entry.line}" for entry in entries)]
    return [*lines, "", "understudy COMMAND --help tells its flags, --help-all every setting"]


def entry_of(args: Sequence[str]) -> tuple[MenuEntry, list[str]]:
    """The command that a line begins with, of one word or two, and the rest of the line.

    Raises:
        ValueError: there is none; names the nearest.
    """
    entries = {entry.name: entry for entry in MENU}
    for words in (2, 1):
        if (name := " ".join(args[:words])) in entries:
            return entries[name], list(args[words:])
    if several := [name for name in entries if name.startswith(f"{args[0]} ")]:
        raise ValueError(f"{args[0]} what? {', '.join(several)}; each has a --help")
    near = get_close_matches(args[0], entries, n=1)
    meant = f"did you mean {near[0]!r}?" if near else "`understudy` alone lists all"
    raise ValueError(f"there is no command {args[0]!r}; {meant}")


def stopped_of(args: Sequence[str]) -> str:
    """What is true when the command of a line was stopped."""
    names = [" ".join(args[:words]) for words in (1, 2)]
    return next((entry.stopped for entry in MENU if entry.name in names), AS_IT_WAS)
