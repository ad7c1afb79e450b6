"""What a command found, for programs: JSON on stdout, whole, whatever the width of the screen."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console


def tell_json(console: Console, result: Any) -> None:
    """Print a value as JSON; what is no JSON is told as text."""
    console.file.write(json.dumps(result, indent=1, default=str) + "\n")
