"""The command `understudy`: one sentence and a non-zero exit code where something cannot be done."""

from __future__ import annotations

import sys
from typing import Annotated

import tyro
from rich.console import Console

from jobs.check import Check, check
from jobs.curate import Curate, curate
from jobs.doctor import Doctor, doctor
from jobs.preview import Preview, preview
from jobs.show import Show, show
from pipeline.estimators.protocols import EstimatorUnavailable

Command = (
    Annotated[Curate, tyro.conf.subcommand("curate")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Preview, tyro.conf.subcommand("preview")]
    | Annotated[Show, tyro.conf.subcommand("show")]
    | Annotated[Doctor, tyro.conf.subcommand("doctor")]
)

RUNS = {Curate: curate, Check: check, Preview: preview, Show: show, Doctor: doctor}


def main(args: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    command = tyro.cli(Command, prog="understudy", description="Data engine for human animation.", args=args)
    console = Console()
    try:
        return RUNS[type(command)](command, console)  # type: ignore[operator,no-any-return]
    except (ValueError, OSError, EstimatorUnavailable) as trouble:
        notes: list[str] = getattr(trouble, "__notes__", [])  # the step and the item, where there was one
        if notes and not isinstance(trouble, OSError):  # a bug; a full disk is none
            raise
        print(f"understudy: {'; '.join([str(trouble), *notes])}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("understudy: stopped; the same command goes on from here", file=sys.stderr)
        return 130
