"""`run.json` of a run, from which a training goes on without a flag."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from engine.core import CannotRun
from jobs.recipes.training import ON_TOP, RECIPES, Name
from jobs.stored.addresses import holds_server
from model.train import checkpoint as saved
from model.train.names import RUN
from model.train.settings import Training, lengthened, unlike
from model.train.starts import starts_in
from storage.records import Others, read_as


class OtherSettings(CannotRun):
    """Settings differ from those that a run began with."""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What a training does unless its command line says otherwise."""

    recipe: Name
    settings: Training
    data: tuple[str, ...] = ()
    """Where the run's data sets lie, as far as the run may tell."""
    index_sha256: tuple[str, ...] = ()


def begun(run: Path) -> Beginning | None:
    """What a run did last; None where there is none.

    Raises:
        ValueError: its settings are not ours.
    """
    return beginning(run / RUN, "") if (run / RUN).exists() else None


def beginning(file: Path | None, named: str, *, others: Others = "ignore") -> Beginning:
    """That of a recipe, or what a run did last, by its file; a recipe that goes on from the run's adds to it.

    Raises:
        ValueError: the run's settings are not ours, or there are others among them, if that is forbidden.
    """
    name: Name | None = next((name for name in RECIPES if name == named), None)
    if file is None:
        return Beginning(recipe=name or "tiny", settings=RECIPES[name or "tiny"]())
    start = starts_in(file, f"{file}: tells of no start of a training")[-1]
    settings = read_as(Training, start.settings, f"{file}: not the settings of a training", others=others)
    last: Name = next((one for one in RECIPES if one == start.recipe), "tiny")
    if name is not None and name != last:
        settings = ON_TOP[last, name](settings) if (last, name) in ON_TOP else RECIPES[name]()
    data = () if holds_server(start.data) else start.data
    return Beginning(recipe=name or last, settings=settings, data=data, index_sha256=start.index_sha256)


def of_length(settings: Training, steps: int | None, run: Path) -> Training:
    """The settings with so many steps of all phases together, those that the run has done among them.

    Raises:
        ValueError: it has done more, or there are more phases.
    """
    if steps is None:
        return settings
    done = saved.checkpoints(run)
    standing = saved.train_state(done[-1]) if done else None
    phase, step = (standing.phase, standing.step) if standing else (0, 0)
    return replace(settings, phases=lengthened(settings.phases, steps, phase, step))


def refuse_other(run: Path, settings: Training, console: Console) -> None:
    """Print which settings are not those that a run began with, one a line, where any are.

    Raises:
        OtherSettings: some are, and its losses depend on them.
    """
    done = saved.checkpoints(run)
    if not done:
        return
    standing = saved.train_state(done[-1])
    found = unlike(standing.settings, settings, standing.phase, standing.step)
    for difference in found:
        console.print(str(difference), highlight=False)
    if found:
        raise OtherSettings(
            f"{run}: began under other settings; without these flags it goes on with its own, and another "
            "--out begins anew"
        )
