"""What a command line says, before all of it is understood."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def value_of(flag: str, args: Sequence[str]) -> str:
    """What a command line gives a flag; empty where it does not."""
    named = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    named.add_argument(flag, dest="value", default="", nargs="?")
    return str(named.parse_known_args(list(args))[0].value or "")
