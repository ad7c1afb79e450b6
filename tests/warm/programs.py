"""Programs that tests start where the heavy libraries have been read already: forks of one process of theirs.

What is tested of a start itself is started for real (`tests.processes.execute`).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from tests.processes import ROOT, wait_until
from tests.warm.ask import Asked

SOCKET = "socket"
STARTED: list[subprocess.Popen[bytes]] = []
"""Warm processes of this one, which does not wait for them."""


@cache
def warm_socket() -> str:
    """The socket of the warm process, which the first process of the tests starts that asks for it.

    It ends with the tests: with this process, or with the one that has shared them out.
    """
    if shared := os.environ.get("PYTEST_XDIST_TESTRUNUID"):
        folder = Path(tempfile.gettempdir()) / f"us-warm-{shared}"
        with suppress(FileExistsError):
            folder.mkdir()
            start_warm(folder, os.getppid())
    else:
        folder = Path(tempfile.mkdtemp(prefix="us-warm-"))
        start_warm(folder, os.getpid())
    listens = (folder / SOCKET).exists
    wait_until(lambda: listens() or any(each.poll() for each in STARTED), "the warm process listens", 600.0)
    return str(folder / SOCKET)


def start_warm(folder: Path, parent: int) -> None:
    """Start a warm process that ends with `parent`."""
    command = [sys.executable, "-m", "tests.warm.server", str(folder / SOCKET), str(parent)]
    STARTED.append(subprocess.Popen(command, cwd=ROOT, start_new_session=True))


def asking() -> tuple[str, ...]:
    """A command that is whatever `-m MODULE ARGUMENTS`, or a file of Python, behind it says."""
    return sys.executable, "-m", "tests.warm.ask", warm_socket()


class Program:
    """A program under way."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str], out: IO[str], err: IO[str]) -> None:
        self.words, self.out, self.err = words, out, err
        with Path(os.devnull).open() as nothing:
            given = [file.fileno() for file in (nothing, out, err)]
            self.asked = Asked(warm_socket(), words, environment=env, folder=str(ROOT), descriptors=given)

    def kill(self) -> None:
        """End it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.asked.process, signal.SIGKILL)
        self.asked.close()

    def output_so_far(self) -> str:
        """What it has written to its output; where it goes on does not move."""
        return os.pread(self.out.fileno(), 2**20, 0).decode()

    def ended(self) -> subprocess.CompletedProcess[str]:
        """How it ended, and all that it said."""
        code = self.asked.wait()
        said = []
        for file in (self.out, self.err):
            file.seek(0)
            said.append(file.read())
        return subprocess.CompletedProcess(self.words, code, *said)


@contextmanager
def program(*words: object, env: Mapping[str, str] | None = None) -> Iterator[Program]:
    """`-m MODULE ARGUMENTS` in a group of its own, which is killed when the block ends, however it ends."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        found = Program([*map(str, words)], os.environ if env is None else env, out, err)
        try:
            yield found
        finally:
            found.kill()


def execute(*words: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """How `-m MODULE ARGUMENTS` ended, and all that it said."""
    with program(*words, env=env) as found:
        return found.ended()


def free_port() -> int:
    """A port of this machine that nobody has taken."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def execute_ranks(number: int, *words: object) -> list[subprocess.CompletedProcess[str]]:
    """How so many ranks of torch.distributed ended, as torchrun would have started them."""
    with ExitStack() as stack:
        ranks = [stack.enter_context(program(*words, env=place)) for place in rank_places(number)]
        return [rank.ended() for rank in ranks]


def rank_places(number: int) -> list[dict[str, str]]:
    """The environments of so many ranks, as torchrun would give them."""
    store = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(number)}
    return [{**os.environ, **store, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(number)]
