"""Command lines: what one says before all of it is understood, and the record that it makes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, TypeVar

import tyro

from jobs.console.short_help import nearest

T = TypeVar("T")
BY_NAME = (tyro.conf.PositionalMetavarFromFieldName,)
"""In help, what is given by its place has the name of its field, and not that of its type."""


def parsed(cls: type[T], command: str, args: Sequence[str], default: T | None = None) -> T:
    """The job of a command line.

    Raises:
        SystemExit: what is wrong with it has been told, or the help that was asked for; its notes name the
            nearest flags.
    """
    usual: dict[str, Any] = {} if default is None else {"default": default}
    try:
        job: T = tyro.cli(cls, prog=f"understudy {command}", args=list(args), config=BY_NAME, **usual)
    except SystemExit as end:
        if end.code:
            for word, near in nearest(cls.__module__, args):
                end.add_note(f"{word}: did you mean {near}?")
        raise
    return job


def values_of(flag: str, args: Sequence[str]) -> list[str]:
    """What a command line gives a flag of several values; none where it does not."""
    named = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    named.add_argument(flag, dest="values", default=[], nargs="*")
    return [str(value) for value in named.parse_known_args(list(args))[0].values]


def value_of(flag: str, args: Sequence[str]) -> str:
    """What a command line gives a flag; empty where it does not."""
    named = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    named.add_argument(flag, dest="value", default="", nargs="?")
    return str(named.parse_known_args(list(args))[0].value or "")
