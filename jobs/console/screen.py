"""Where commands print: text from outside is shown there, and never obeyed."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from schemas.visible import visible

LOG_WIDTH = 4096
"""Columns where nobody's screen ends: lines and tables stay whole in files and pipes."""


def screen() -> VisibleConsole:
    """The console of a command: as wide as the terminal, and in a pipe or a file as wide as it takes."""
    console = VisibleConsole()
    return console if console.is_terminal else VisibleConsole(width=LOG_WIDTH)


def no_screen() -> VisibleConsole:
    """A console that shows nothing: of a command whose answer alone is printed, for a program."""
    return VisibleConsole(quiet=True)


class VisibleConsole(Console):
    """A console that reads no markup, and shows every string that it is given in one line, also in tables."""

    def on_broken_pipe(self) -> None:
        """Leave it to the command: rich would end the process."""
        raise  # noqa: PLE0704  rich calls this while it handles a BrokenPipeError

    def render_str(self, text: str, *, style: Any = "", **how: Any) -> Text:
        """The string as it will be shown."""
        plain = {name: how[name] for name in ("justify", "overflow") if name in how}
        return Text(visible(text), style=style, **plain)
