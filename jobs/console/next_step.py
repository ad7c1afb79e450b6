"""The last line of a command: what may be typed next, as a shell takes it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.console import Console


def tell_next(console: Console, *commands: Sequence[object], when: str = "next") -> None:
    """Print commands of `understudy`, on one line that no console breaks, behind a word that says when."""
    line = "; ".join(shlex.join(map(str, ("understudy", *words))) for words in commands)
    console.print(f"{when}: {line}", highlight=False, markup=False, soft_wrap=True)
