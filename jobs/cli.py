"""The command `understudy`: where something cannot be done, one sentence and an exit code that says so."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

import tyro
from rich.console import Console

from engine.core import CannotRun, EstimatorUnavailable
from jobs.commands.check import Check, check
from jobs.commands.curate import Curate, curate
from jobs.commands.doctor import Doctor, doctor
from jobs.commands.encode import Encode, encode
from jobs.commands.estimate_cost import EstimateCost, estimate_cost
from jobs.commands.preview import Preview, preview
from jobs.commands.replay import Replay, run_replay
from jobs.commands.show import Show, show
from jobs.commands.status import Status, status
from jobs.commands.weights import Weights, weights
from jobs.console.screen import VisibleConsole
from jobs.exit_codes import ExitCode
from schemas.visible import shown_streams, visible
from storage.scratch import refuse_lost_tmpdir

Command = (
    Annotated[Curate, tyro.conf.subcommand("curate")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Preview, tyro.conf.subcommand("preview")]
    | Annotated[Status, tyro.conf.subcommand("status")]
    | Annotated[Replay, tyro.conf.subcommand("replay")]
    | Annotated[Encode, tyro.conf.subcommand("encode")]
    | Annotated[Show, tyro.conf.subcommand("show")]
    | Annotated[EstimateCost, tyro.conf.subcommand("estimate-cost")]
    | Annotated[Doctor, tyro.conf.subcommand("doctor")]
    | Annotated[Weights, tyro.conf.subcommand("weights")]
)

RUNS: dict[type, Callable[..., ExitCode]] = {
    Curate: curate,
    Check: check,
    Preview: preview,
    Status: status,
    Replay: run_replay,
    Encode: encode,
    Show: show,
    EstimateCost: estimate_cost,
    Doctor: doctor,
    Weights: weights,
}


DESCRIPTION = (
    "Data engine and trainer for human animation. Also: understudy train --help, understudy animate --help, "
    "understudy evaluate --help, understudy estimate-training --help"
)


def job(args: list[str]) -> Callable[[Console], ExitCode]:
    """What to run. What brings torch along is not read before it is wanted, and so no part of the union."""
    if args[:1] == ["train"]:
        from jobs.commands.train import parse, train

        return partial(train, parse(args[1:]))
    if args[:1] == ["animate"]:
        from jobs.commands import animate

        return partial(animate.animate, animate.parse(args[1:]))
    if args[:1] == ["evaluate"]:
        from jobs.commands import evaluate

        return partial(evaluate.evaluate, evaluate.parse(args[1:]))
    if args[:1] == ["estimate-training"]:
        from jobs.commands import estimate_training as training

        return partial(training.estimate_training, training.parse(args[1:]))
    command: object = tyro.cli(Command, prog="understudy", description=DESCRIPTION, args=args)
    return partial(RUNS[type(command)], command)


def main(args: list[str] | None = None) -> ExitCode:
    """Run one command; how it ended, see docs/exit_codes.md."""
    with shown_streams():
        return ended(job(sys.argv[1:] if args is None else args))


def ended(run: Callable[[Console], ExitCode]) -> ExitCode:
    """Run a command; how it ended. What it cannot do is told on stderr."""
    try:
        refuse_lost_tmpdir()
        refuse_other_names()
        with terminate_stops():
            return run(VisibleConsole())
    except KeyboardInterrupt:
        print("understudy: stopped; the same command goes on from here", file=sys.stderr)
        return ExitCode.STOPPED
    except CannotRun as trouble:
        print(f"{trouble.trace}understudy: {visible(str(trouble))}", file=sys.stderr)
    except (ValueError, OSError, EstimatorUnavailable) as trouble:
        notes: list[str] = getattr(trouble, "__notes__", [])  # the step and the item, where there was one
        if notes and not isinstance(trouble, OSError):  # a bug; a full disk is none
            traceback.print_exception(trouble)
        else:
            print(f"understudy: {visible('; '.join([str(trouble), *notes]))}", file=sys.stderr)
    except Exception as bug:  # noqa: BLE001  Python itself would end with the code of a poor result
        traceback.print_exception(bug)
    return ExitCode.CANNOT_RUN


def refuse_other_names() -> None:
    """Raise ValueError where Python reads names of files in another encoding than UTF-8."""
    found = sys.getfilesystemencoding()
    if found != "utf-8":
        raise ValueError(
            f"names of files are read as {found} here, and a video may have any: set PYTHONUTF8=1"
        )


@contextmanager
def terminate_stops() -> Iterator[None]:
    """While the block lasts, SIGTERM stops this process as Ctrl-C does: it puts away what it has begun."""
    if threading.current_thread() is not threading.main_thread():  # which alone may ask for signals
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
