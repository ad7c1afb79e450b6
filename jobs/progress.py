"""What a person sees of a long job: a line while it runs, a funnel when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline.core import Tally
from pipeline.landing import Landed

QUIET_S = 10.0
"""Seconds between two lines where there is no terminal."""


class Terminal:
    """Shows each leg's items, rate and time left; a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self.console = console
        self.clock = clock
        self.bar = Progress(
            TextColumn("{task.description:>9}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.name = ""
        self.task: TaskID | None = None
        self.items = self.before = self.landed_items = 0
        self.began = self.spoke = 0.0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def leg(self, name: str, *, laps: int, done: int, items: int, items_done: int) -> None:
        """A leg begins."""
        self.name, self.items, self.before, self.landed_items = name, items, items_done, 0
        self.began = self.spoke = self.clock()
        self.task = self.bar.add_task(name, total=items, completed=items_done, said="")
        if not self.console.is_terminal:
            finished = (
                ", already done" if done == laps else f", {done} of {laps} laps already done" if done else ""
            )
            self.console.print(f"{name}: {items} items{finished}", highlight=False)

    def tick(self, tallies: Sequence[Tally]) -> None:
        """A lap goes on."""
        said = self.said(tallies)
        if self.task is not None:
            self.bar.update(
                self.task, completed=self.before + self.landed_items + tallies[0].offered, said=said
            )
        if not self.console.is_terminal and self.clock() - self.spoke >= QUIET_S:
            self.spoke = self.clock()
            done = self.before + self.landed_items + tallies[0].offered
            self.console.print(f"{self.name}: {done} of {self.items}, {said}", highlight=False)

    def landed(self, lap: Landed) -> None:
        """A lap has landed."""
        self.landed_items += lap.steps[0].offered

    def said(self, tallies: Sequence[Tally]) -> str:
        """Rate and time left."""
        fresh = self.landed_items + tallies[0].offered
        passed = self.clock() - self.began
        if fresh == 0 or passed <= 0:
            return ""
        left_s = (self.items - self.before - fresh) * passed / fresh
        return f"{fresh / passed:.2f} items/s, {readable_s(max(left_s, 0.0))} left"


def funnel(tallies: Iterable[Tally]) -> Table:
    """What each step was offered, kept and why it dropped the rest."""
    table = Table(title="Retention", title_justify="left")
    for heading in ("step", "offered", "kept", "gave", "footage in", "footage out", "speed", "dropped"):
        table.add_column(
            heading, justify="left" if heading in ("step", "dropped") else "right", overflow="fold"
        )
    for tally in tallies:
        dropped = ", ".join(
            f"{reason} {n}" for reason, n in sorted(tally.reasons.items(), key=lambda r: (-r[1], r[0]))
        )
        speed = f"{tally.offered_s / tally.busy_s:.1f}x" if tally.busy_s > 0 and tally.offered_s > 0 else ""
        table.add_row(
            tally.step,
            str(tally.offered),
            str(tally.kept),
            str(tally.gave),
            readable_s(tally.offered_s),
            readable_s(tally.gave_s),
            speed,
            dropped,
        )
    return table


def readable_s(seconds: float) -> str:
    """A duration for a person: 0:07, 1:02:03."""
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"
