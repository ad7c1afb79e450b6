"""`understudy doctor`: what is installed, which estimators can run, what is missing and how to get it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from engine.core import EstimatorUnavailable
from engine.made_by import PACKAGES, version_of
from jobs.console.flags import parsed
from jobs.console.kinds import Device
from jobs.console.plain import tell_json
from jobs.console.tables import records, tell_table
from jobs.exit_codes import ExitCode
from jobs.recipes.curation import Recipe, chosen, missing
from media.encode import ffmpeg_version
from pipeline.backends import Backends
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.estimators.packaged import OPTIONAL, PACKAGED
from schemas.tracks import ROLES, Role
from storage.packaged_files import fault, weights_folder

OTHER_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python-headless")


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Say what is installed, which estimators can run, and what is missing and how to get it."""

    backends: Backends = field(default_factory=Backends)
    """The estimators that a run would use: these must work."""
    recipe: Recipe | None = None
    """Stack of estimators, as `curate` takes it: embedded, or the paper's on files in --weights."""
    weights: Path | None = None
    """Folder of the files that `understudy weights --recipe research` lists."""
    embedded: tuple[Role, ...] = ()
    """Roles for which the embedded estimator stays."""
    device: Device = "cpu"
    """Where the networks of a recipe run: cpu, cuda, cuda:1."""
    json: bool = False
    """For programs."""


def parse(args: list[str]) -> Doctor:
    """The job of a command line.

    Raises:
        ValueError: a recipe lacks something.
    """
    backends = chosen(args)
    return parsed(Doctor, "doctor", args, None if backends is None else Doctor(backends=backends))


def doctor(job: Doctor, console: Console) -> ExitCode:
    """Print the findings; `BELOW_THRESHOLD` where a run with these backends could not work."""
    installed, lacking = packages()
    ready, options, lame = estimators(job.backends)
    recipes = {
        "embedded": files_lacking(),
        "research": missing(job.weights or weights_folder(), job.embedded),
    }
    options += [wrong for file in OPTIONAL if (wrong := fault(file, weights_folder()))]
    troubles = [*lacking, *lame]
    code = ExitCode.BELOW_THRESHOLD if troubles else ExitCode.WHOLE
    if job.json:
        tables = {"packages": records(installed), "estimators": records(ready)}
        tell_json(console, {"missing": troubles, "optional": options, "files_missing": recipes, **tables})
        return code
    tell_table(console, installed)
    tell_table(console, ready, ("role", "estimator", "state"))
    for recipe, names in recipes.items():
        console.print(f"recipe {recipe}: {missing_text(names)}", highlight=False, soft_wrap=True)
    for option in options:
        console.print(f"optional, {option}", highlight=False)
    for trouble in troubles:
        console.print(f"missing: {trouble}", style="red", highlight=False)
    if not troubles:
        console.print("A run with these backends can start.", style="green")
    return code


def files_lacking() -> list[str]:
    """Names of the packaged files that are missing or others."""
    return [Path(file.member).name for file in PACKAGED if fault(file, weights_folder())]


def missing_text(names: list[str]) -> str:
    """Which files of a recipe are missing."""
    return f"{len(names)} files are missing: {', '.join(names)}" if names else "all files are there"


def packages() -> tuple[Table, list[str]]:
    """Versions, and what is wrong with them."""
    troubles = []
    table = Table(
        "package",
        "version",
        title=f"Python {platform.python_version()}, {sys.platform}",
        title_justify="left",
    )
    for name in PACKAGES:
        found = version_of(name)
        table.add_row(name, found or "not installed")
        if found is None:
            troubles.append(f"package {name}: `make setup` installs all packages at the versions of its lock")
    try:
        table.add_row("ffmpeg binary", ffmpeg_version())
    except OSError as error:
        troubles.append(f"ffmpeg binary: {error}; the package imageio-ffmpeg brings one: run `make setup`")
    spare = [name for name in OTHER_OPENCV if version_of(name)]
    if spare:
        troubles.append(f"{', '.join(spare)} beside opencv-contrib-python: these wheels overwrite each other")
    return table, troubles


def estimators(backends: Backends) -> tuple[Table, list[str], list[str]]:
    """Load every estimator: what each is, which options are lacking, and what a run would lack."""
    table = Table(
        "role",
        "estimator",
        "version",
        "weights",
        "licence",
        "state",
        title="Estimators",
        title_justify="left",
    )
    troubles: list[str] = []
    lacks: list[str] = []
    wanted = [(role, getattr(backends, role)) for role in ROLES]
    spare = [] if isinstance(backends.appearance, OpenClip) else [("appearance (option)", OpenClip())]
    for role, backend in wanted + spare:
        name = type(backend).__name__
        try:
            card = backend.build().card
        except (EstimatorUnavailable, ValueError) as lacking:
            table.add_row(role, name, "", "", "", "cannot run")
            lacks.append(f"{role}: {lacking}")
            if (role, backend) in wanted:
                troubles.append(lacks.pop())
        else:
            digest = card.weights_sha256[:12] or "none needed"
            table.add_row(role, card.name, card.version, digest, card.licence, "ready")
    return table, lacks, troubles
