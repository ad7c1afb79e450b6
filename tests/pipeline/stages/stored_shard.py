"""What test_shard.py and test_shard_faults.py share."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from tests.synth import Scene

SCENE = Scene(width=160, height=240, num_frames=60, absent=range(40, 44))
"""The canvas is small for speed; that it is too small is the audit's business."""


def names_in(folder: Path) -> list[str]:
    """Names of all that lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def members_of(out: Path, rows: list[Any]) -> list[dict[str, bytes]]:
    """Members of each row's sample, by the standard library's reader alone."""
    found = []
    for row in rows:
        data = (out / row.shard).read_bytes()[row.offset : row.offset + row.size]
        with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
            members = {}
            for entry in tar:
                file = tar.extractfile(entry)
                assert file is not None
                members[entry.name.removeprefix(f"{row.key}.")] = file.read()
            found.append(members)
    return found
