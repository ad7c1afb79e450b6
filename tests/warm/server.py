"""A process that has read the heavy libraries, and forks a program whenever it is asked to.

    python -m tests.warm.server SOCKET PARENT

A request is JSON (`tests.warm.ask`) and descriptors: what the program reads and writes, and a worker's pipe.
The answer is its process, then its exit code, a line each. A program ends with whoever asked for it, the
server with the process PARENT.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import site
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from engine.runners import supervisor
from engine.runners.process import main as run_laps
from tests.processes import MARK, fork_name
from tests.warm.workers import WORKER, WarmStart

HEAVY = (
    "torch._dynamo",
    "torch._inductor.compile_fx",
    "deepspeed.runtime.zero.muon.muon_optimizer",
    "jobs.commands.animate",
    "jobs.commands.curate",
    "jobs.commands.encode",
    "jobs.commands.train",
    "jobs.demo",
)


def serve(path: str, parent: int) -> None:
    """Fork whatever is asked for, until a process ends."""
    for name in HEAVY:
        importlib.import_module(name)
    supervisor.start_worker = WarmStart(lambda: path)  # what is forked has its workers forked too
    gc.collect()
    gc.freeze()  # what has been read is shared: no fork goes through it, which would copy it
    threads = {(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()}
    assert threads - {"jemalloc_bg_thd"} == {Path("/proc/self/comm").read_text().strip()}, threads
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a shepherd ended
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path + ".new")
        listening.listen()
        either = select.poll()
        either.register(listening, select.POLLIN)
        either.register(parent, select.POLLIN)
        Path(path + ".new").rename(path)  # who finds it is heard
        while parent not in dict(either.poll()):
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                os.close(parent)
                shepherd(link)
            link.close()
    shutil.rmtree(Path(path).parent)


def shepherd(link: socket.socket) -> None:
    """Start the program that is asked for, in a session of its own, and tell how it ended."""
    text, descriptors, _, _ = socket.recv_fds(link, 2**20, 4)
    while more := link.recv(2**20):
        text += more
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) == 0:
        os.setsid()  # before anybody knows of it: from now on it can be killed with all that it starts
        link.sendall(f"{os.getpid()}\n".encode())
        link.close()
        leave(partial(become, json.loads(text), descriptors))
    for descriptor in descriptors:
        os.close(descriptor)
    ended = os.pidfd_open(pid)
    either = select.poll()
    either.register(ended, select.POLLIN)
    either.register(link, 0)  # tells a hang-up, which is not asked for
    if ended not in dict(either.poll()):  # whoever asked is gone
        signal.pidfd_send_signal(ended, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):
        link.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def leave(program: Callable[[], None]) -> NoReturn:
    """Run a program and end as Python does, but let what the heavy libraries hold lie: that takes seconds."""
    code: object = None
    try:
        program()
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:  # noqa: BLE001  whatever it is, a program ends by it
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads as the end of a program does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Be the program: a worker, `-m MODULE` or a file of Python, with its words, folder and environment."""
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, errors="backslashreplace", buffering=1)
    words = request["words"]
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    Path("/proc/self/comm").write_text(fork_name(os.environ.get(MARK, "")))
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    site.execsitecustomize()  # as at the start of any program, from where its own environment says
    if words[0] == WORKER:
        run_laps(descriptors[3], os.getppid())
    elif words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    serve(sys.argv[1], os.pidfd_open(int(sys.argv[2])))
