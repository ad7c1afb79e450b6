"""Text from outside - names, titles, hosts, errors - as something that can be shown and do nothing else."""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import TextIO

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def visible(text: str) -> str:
    """The text in one line, with all that is no letter, mark, sign or space written as a backslash escape.

    So it moves no cursor, clears no screen, turns no line around and begins no new one; a byte of a file name
    that is no text (a lone surrogate) is shown too. What it means to markup is not touched: give it to what
    reads none.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def visible_lines(text: str) -> str:
    """As `visible`, in the lines that it has."""
    return "\n".join(map(visible, text.split("\n")))


def _shown(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    return char.encode("unicode_escape").decode("ascii")


class Shown(io.TextIOBase):
    """A stream that shows every character that is written to it but ends of lines, and drops colours."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write the text as it can be shown."""
        self.stream.write(visible_lines(COLOUR.sub("", text)))
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind."""
        self.stream.flush()

    def fileno(self) -> int:
        """That of the stream behind."""
        return self.stream.fileno()

    def isatty(self) -> bool:
        """No: nothing that is meant for a terminal alone is let through."""
        return False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream behind."""
        return self.stream.encoding


@contextmanager
def shown_streams() -> Iterator[None]:
    """While the block lasts, stderr shows all that Python code writes to it; no character stops a print."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with redirect_stderr(Shown(sys.stderr)):
        yield
