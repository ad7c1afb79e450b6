"""Understudy's packages under their own names, whatever files of those names lie where Python looks first.

A script's own folder may hold a `model.py` or a `dataset.py` of its author's. Behind `import understudy` the
names of `PACKAGES` are those beside this file; every process that the project starts begins with it, and the
command `understudy` is `main`. Why so: docs/adr/0116-names-beside-a-script.md.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.exit_codes import ExitCode

HOME = Path(__file__).resolve().parent
PACKAGES = ("jobs", "pipeline", "model", "engine", "dataset", "media", "schemas", "storage")


class OursFirst:
    """Finds the packages beside this file before Python looks elsewhere, and nothing else."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        """Where one of the packages is; None for any other name, which Python finds as it always does."""
        return PathFinder.find_spec(name, [str(HOME)]) if name in PACKAGES else None


def claim() -> None:
    """From here on the names of the packages are ours, in this process and in its forks.

    Raises:
        ImportError: one of them is a file of somebody else's by now, which it names.
    """
    for name in PACKAGES:
        if name in sys.modules and (other := place_of(sys.modules[name])) != str(HOME / name):
            raise ImportError(
                f"{other} was imported as {name!r}, which is a package of Understudy's: give it another "
                f"name, or put it into a folder and import it as FOLDER.{name}"
            )
    if OursFirst not in sys.meta_path:
        sys.meta_path.insert(0, OursFirst)


def place_of(module: ModuleType) -> str:
    """The folder of a package, or the file of a module."""
    return (
        next(iter(getattr(module, "__path__", ())), None) or getattr(module, "__file__", None) or "a module"
    )


def main(args: list[str] | None = None) -> ExitCode:
    """Run the command; how it ended, see docs/exit_codes.md."""
    from jobs.cli import main as command

    return command(args)


claim()
