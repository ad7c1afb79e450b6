"""`understudy doctor`: what is installed, which estimators can run, what is missing and how to get it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from engine.core import EstimatorUnavailable
from engine.made_by import PACKAGES, version_of
from jobs.exit_codes import ExitCode
from media.encode import ffmpeg_version
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.flow import Backends
from schemas.tracks import ROLES

OTHER_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python-headless")


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Say what is installed, which estimators can run, and what is missing and how to get it."""

    backends: Backends = field(default_factory=Backends)
    """The estimators that a run would use: these must work."""


def doctor(job: Doctor, console: Console) -> ExitCode:
    """Print the findings; `BELOW_THRESHOLD` where a run with these backends could not work."""
    troubles = [*packages(console), *estimators(job.backends, console)]
    for trouble in troubles:
        console.print(f"missing: {trouble}", style="red", highlight=False)
    if not troubles:
        console.print("A run with these backends can start.", style="green")
    return ExitCode.BELOW_THRESHOLD if troubles else ExitCode.WHOLE


def packages(console: Console) -> list[str]:
    """Print versions; what is wrong with them."""
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
    console.print(table)
    spare = [name for name in OTHER_OPENCV if version_of(name)]
    if spare:
        troubles.append(f"{', '.join(spare)} beside opencv-contrib-python: these wheels overwrite each other")
    return troubles


def estimators(backends: Backends, console: Console) -> list[str]:
    """Load every estimator and print what it is; what a run would lack."""
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
        except EstimatorUnavailable as lacking:
            table.add_row(role, name, "", "", "", "cannot run")
            lacks.append(f"{role}: {lacking}")
            if (role, backend) in wanted:
                troubles.append(lacks.pop())
        else:
            digest = card.weights_sha256[:12] or "none needed"
            table.add_row(role, card.name, card.version, digest, card.licence, "ready")
    console.print(table)
    for lack in lacks:
        console.print(f"optional, {lack}", highlight=False)
    return troubles
