"""Small files that say what a folder was made with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from storage.place import Place


def write(out: Place, name: str, result: Mapping[str, Any]) -> None:
    """Write a file of JSON, where it does not say so yet."""
    data = (json.dumps(result, indent=1) + "\n").encode()
    if out.size(name) is None or out.read(name) != data:
        out.write(name, data)
