"""What became of every item, one line of a file each, and what a family of items has come to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

End = Literal["read", "rejected", "unnamed", "stopped"]
"""Used; refused with a name; ended in an error that names nothing, or in nothing; stopped its process."""

HEADINGS = (
    *("items", "number", "read", "rejected", "unnamed", "stopped", "executed or followed"),
    *("peak MiB", "worst s"),
)
MOST_REASONS = 8


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one item."""

    family: str
    seed: int
    what: str
    """How the item was made."""
    end: End
    reason: str = ""
    """Of a reject its name; else the error."""
    seconds: float = 0.0
    peak_mib: float = 0.0
    """Most memory that a process had while it worked on the item."""
    touched: str = ""
    """What it executed, or followed out of its place, if anything."""

    @property
    def is_bad(self) -> bool:
        """Whether it ended as no item may."""
        return self.end in ("unnamed", "stopped") or self.touched != ""


def append(file: Path, outcomes: Iterable[Outcome]) -> None:
    """Add outcomes to a file, so that a run that is stopped goes on from there."""
    with file.open("a") as opened:
        for outcome in outcomes:
            opened.write(json.dumps(asdict(outcome)) + "\n")


def outcomes_in(file: Path) -> list[Outcome]:
    """The outcomes in a file, the last of each item, in the order of families and seeds."""
    lines = file.read_text().splitlines() if file.exists() else []
    content = [Outcome(**json.loads(line)) for line in lines]
    last = {(outcome.family, outcome.seed): outcome for outcome in content}
    return [last[place] for place in sorted(last)]


def row_of(title: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """A family as a row of the table."""
    ends = Counter(outcome.end for outcome in outcomes)
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.end == "rejected")
    common = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common(MOST_REASONS))
    others = sum(number for _, number in reasons.most_common()[MOST_REASONS:])
    return (
        title,
        str(len(outcomes)),
        str(ends["read"]),
        f"{ends['rejected']}: {common}{f', others {others}' if others else ''}",
        str(ends["unnamed"]),
        str(ends["stopped"]),
        str(sum(1 for outcome in outcomes if outcome.touched)),
        f"{max((outcome.peak_mib for outcome in outcomes), default=0):.0f}",
        f"{max((outcome.seconds for outcome in outcomes), default=0):.1f}",
    )


def line_of(outcome: Outcome) -> str:
    """A bad outcome as a line for a person."""
    touched = f"; touched {outcome.touched}" if outcome.touched else ""
    return f"{outcome.family} {outcome.seed} ({outcome.what}): {outcome.end}, {outcome.reason}{touched}"
