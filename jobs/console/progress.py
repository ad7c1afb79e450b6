"""What a person sees of a long job: a line a leg while it runs, a funnel when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from engine.core import Tally
from engine.runners.status import LegProgress, WorkerState
from jobs.console.tables import tell_table

QUIET_S = 10.0
"""Seconds between two lines where there is no terminal."""


@dataclass
class ShownLeg:
    """A leg as it is shown."""

    task: TaskID
    lane: LegProgress
    began: float
    before: int  # items done when it was first seen
    spoke: float


class ConsoleProgress:
    """Shows each leg's items, rate and time left; a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self.console = console
        self.clock = clock
        self.bar = Progress(
            TextColumn("{task.description:>9}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.legs: dict[str, ShownLeg] = {}
        self.stalled: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def lanes(self, lanes: Sequence[LegProgress]) -> None:
        """How far the legs are."""
        for lane in lanes:
            if lane.leg in self.legs:
                self.went_on(self.legs[lane.leg], lane)
            elif lane.running or (lane.done == lane.laps and not lane.waits_for):
                self.legs[lane.leg] = self.first(lane)

    def went_on(self, shown: ShownLeg, lane: LegProgress) -> None:
        """A leg that was shown before; without a terminal its end is told."""
        ended = lane.done == lane.laps > shown.lane.done
        shown.lane = lane
        if ended and not self.console.is_terminal:
            took = readable_s(self.clock() - shown.began)
            self.console.print(f"{lane.leg}: done, {lane.items_done} items, {took}", highlight=False)

    def first(self, lane: LegProgress) -> ShownLeg:
        """A leg that was not shown before."""
        now = self.clock()
        if not self.console.is_terminal:
            done = f", {lane.done} done" if lane.done else ""
            self.console.print(f"{lane.leg}: {readable_laps(lane.laps)}{done}", highlight=False)
        task = self.bar.add_task(lane.leg, total=lane.items, completed=lane.items_done, rate="")
        return ShownLeg(task=task, lane=lane, began=now, before=lane.items_done, spoke=now)

    def sights(self, sights: Sequence[WorkerState]) -> None:
        """What the workers are at."""
        for name, shown in self.legs.items():
            in_progress = sum(
                sight.tallies[0].offered for sight in sights if sight.leg == name and sight.tallies
            )
            self.show(shown, min(shown.lane.items_done + in_progress, shown.lane.items))

    def show(self, shown: ShownLeg, done: int) -> None:
        """Bring a leg's line up to date."""
        lane, now = shown.lane, self.clock()
        rate = pace(done - shown.before, lane.items - done, now - shown.began, "items")
        self.bar.update(shown.task, total=lane.items, completed=done, rate=rate)
        if not self.console.is_terminal and lane.running and now - shown.spoke >= QUIET_S:
            shown.spoke = now
            line = ", ".join(filter(None, (f"{lane.leg}: {done} of {lane.items}", rate)))
            self.console.print(line, highlight=False)

    def stuck(self, why: Sequence[str]) -> None:
        """Legs that do not go on: told once each time that they get stuck."""
        legs = {sentence.partition(":")[0] for sentence in why}
        for sentence in why:
            if sentence.partition(":")[0] not in self.stalled:
                self.console.print(f"stuck? {sentence}", style="yellow", highlight=False)
        self.stalled = tuple(legs)


def pace(fresh: int, left: int, passed_s: float, unit: str) -> str:
    """Rate and time left, empty where there is nothing to tell them by."""
    if fresh <= 0 or passed_s <= 0:
        return ""
    return f"{fresh / passed_s:.2f} {unit}/s, {readable_s(left * passed_s / fresh)} left"


def funnel(tallies: Iterable[Tally]) -> Table:
    """What each step was offered and kept, and how long it takes one worker.

    Time, and not footage over time: most steps reckon with numbers, and decode nothing.
    """
    table = Table(title="Retention", title_justify="left")
    for heading in ("step", "offered", "kept", "gave", "footage in", "footage out", "one worker"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for tally in tallies:
        table.add_row(
            tally.step,
            str(tally.offered),
            str(tally.kept),
            str(tally.gave),
            readable_s(tally.offered_s),
            readable_s(tally.gave_s),
            readable_s(tally.busy_s),
        )
    return table


def dropped(tallies: Iterable[Tally]) -> Iterator[str]:
    """Why each step dropped what it did, a line each, the most frequent reason first."""
    for tally in tallies:
        if tally.reasons:
            counts = sorted(tally.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
            yield f"{tally.step} dropped {', '.join(f'{reason} {count}' for reason, count in counts)}"


def tell_funnel(console: Console, tallies: Sequence[Tally]) -> None:
    """Print what each step was offered and kept, and why it dropped the rest."""
    tell_table(console, funnel(tallies), ("step", "offered", "kept", "gave"))
    for line in dropped(tallies):
        console.print(line, highlight=False, soft_wrap=True)


def readable_laps(number: int) -> str:
    """A number of laps for a person."""
    return "1 lap" if number == 1 else f"{number} laps"


def readable_s(seconds: float) -> str:
    """A duration for a person: 0:07, 1:02:03."""
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"
