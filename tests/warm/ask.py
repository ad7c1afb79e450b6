"""Ask a warm process for a program, and be it for whoever waits: its input, its output, its exit code.

    python -m tests.warm.ask SOCKET -m MODULE|FILE ARGUMENTS

Reads the standard library alone: it is what makes a command of the documents start at once.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class Asked:
    """A program that a warm process was asked for."""

    def __init__(
        self,
        path: str,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: str,
        descriptors: Sequence[int] = (0, 1, 2),
    ) -> None:
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(path)
        request = {"words": [*words], "environment": {**environment}, "folder": folder}
        socket.send_fds(self.link, [json.dumps(request).encode()], [*descriptors])
        self.link.shutdown(socket.SHUT_WR)  # so it ends, in however many parts it comes
        self.lines = self.link.makefile()
        self.process = int(self.lines.readline())

    def wait(self) -> int:
        """Its exit code."""
        return int(self.lines.readline())

    def ends_within(self, limit_s: float | None) -> bool:
        """Whether it has ended by then; None waits as long as it takes."""
        return bool(select.select([self.link], [], [], limit_s)[0])

    def close(self) -> None:
        """Hear no more of it."""
        self.lines.close()
        self.link.close()


if __name__ == "__main__":
    code = Asked(sys.argv[1], sys.argv[2:], environment=os.environ, folder=str(Path.cwd())).wait()
    sys.exit(code if code >= 0 else 128 - code)
