"""The command `understudy`: where something cannot be done, one sentence and an exit code that says so."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

from rich.console import Console

from jobs.console.screen import screen
from jobs.console.short_help import help_of
from jobs.exit_codes import ExitCode
from jobs.menu import MenuEntry, entry_of, menu, stopped_of
from schemas.visible import shown_streams, visible
from storage.scratch import refuse_lost_tmpdir

HELP = ("-h", "--help")
READABLE = 100
"""Columns of text, however wide the screen."""
PIPED = 80
"""Columns of help in a pipe or a file, whose reader may be a pager on a narrow screen."""


def main(args: list[str] | None = None) -> ExitCode:
    """Run one command; how it ended, see docs/exit_codes.md."""
    result = sys.argv[1:] if args is None else args
    try:
        with shown_streams():
            return ended(partial(command, result), stopped_of(result))
    finally:
        end_output()


def command(args: list[str], console: Console) -> ExitCode:
    """What a command line asks for; the list of commands where that is nothing.

    Raises:
        ValueError: there is no such command.
    """
    if not args or args[0] in HELP:
        for line in menu():
            console.print(line, highlight=False)
        return ExitCode.WHOLE
    if args[0] == "--version":
        from importlib.metadata import version

        console.print(f"understudy {version('understudy')}", highlight=False)
        return ExitCode.WHOLE
    entry, rest = entry_of(args)
    return run(entry, rest, console)


def run(entry: MenuEntry, args: list[str], console: Console) -> ExitCode:
    """Run a command of the list, or tell its flags."""
    if any(word in HELP for word in args):
        width = min(console.width, READABLE) if console.is_terminal else PIPED
        for line in help_of(entry.module, entry.name, width):
            console.print(line, highlight=False)
        return ExitCode.WHOLE
    args = ["--help" if word == "--help-all" else word for word in args]
    module: Any = import_module(entry.module)
    code: ExitCode = getattr(module, entry.function)(module.parse(args), console)
    return code


def ended(run: Callable[[Console], ExitCode], stopped: str) -> ExitCode:
    """Run a command; how it ended. What it cannot do is told on stderr, and so is what is true of a stop."""
    try:
        refuse_lost_tmpdir()
        refuse_other_names()
        with terminate_stops():
            return run(screen())
    except KeyboardInterrupt as stop:
        print(f"understudy: stopped; {visible(str(stop)) or stopped}", file=sys.stderr)
        return ExitCode.STOPPED
    except SystemExit as end:
        for note in getattr(end, "__notes__", []):
            print(f"understudy: {visible(note)}", file=sys.stderr)
        raise
    except Exception as trouble:  # noqa: BLE001  Python itself would end with the code of a poor result
        return report_failure(trouble)


def report_failure(trouble: Exception) -> ExitCode:
    """How a command ended that something went wrong in: a sentence on stderr, a trace as well for a bug."""
    from engine.core import CannotRun, EstimatorUnavailable  # bring numpy along

    if isinstance(trouble, BrokenPipeError) and nobody_reads():
        return ExitCode.STOPPED
    notes: list[str] = getattr(trouble, "__notes__", [])  # the step and the item, where there was one
    if isinstance(trouble, CannotRun):
        print(f"{trouble.trace}understudy: {visible(str(trouble))}", file=sys.stderr)
    elif isinstance(trouble, OSError) or (
        isinstance(trouble, (ValueError, EstimatorUnavailable)) and not notes
    ):
        print(f"understudy: {visible('; '.join([sentence(trouble), *notes]))}", file=sys.stderr)
    else:
        traceback.print_exception(trouble)
    return ExitCode.CANNOT_RUN


def sentence(trouble: Exception) -> str:
    """What went wrong; of the system's own errors the file first (of two the target), and no number."""
    if isinstance(trouble, OSError):
        file = trouble.filename2 or trouble.filename
        if isinstance(file, (str, bytes, os.PathLike)):
            return f"{os.fsdecode(file)}: {trouble.strerror}"
    return str(trouble)


def nobody_reads() -> bool:
    """Whether our output is a pipe whose reader has gone, as `head` does."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def end_output() -> None:
    """Write what waits to be written; nothing where nobody reads it, also not at the interpreter's end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
