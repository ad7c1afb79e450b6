"""A process that has read the heavy libraries, and forks a program whenever it is asked to.

    python -m tests.warm.server SOCKET

A request is JSON (`tests.warm.ask`) and three descriptors: what the program reads and writes. The answer is
its process, then its exit code, a line each. The server ends with the process that started it.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from engine.runners.process import end_with_parent

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


def serve(path: str) -> None:
    """Fork whatever is asked for."""
    for name in HEAVY:
        importlib.import_module(name)
    threads = {(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()}
    assert threads - {"jemalloc_bg_thd"} == {Path("/proc/self/comm").read_text().strip()}, threads
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a shepherd ended
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path + ".new")
        listening.listen()
        Path(path + ".new").rename(path)  # who finds it is heard
        while True:
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                shepherd(link)
            link.close()


def shepherd(link: socket.socket) -> None:
    """Start the program that is asked for, in a session of its own, and tell how it ended."""
    text, descriptors, _, _ = socket.recv_fds(link, 2**20, 3)
    while more := link.recv(2**20):
        text += more
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) == 0:
        os.setsid()  # before anybody knows of it: from now on it can be killed with all that it starts
        link.sendall(f"{os.getpid()}\n".encode())
        link.close()
        become(json.loads(text), descriptors)
        sys.exit()
    for descriptor in descriptors:
        os.close(descriptor)
    _, status = os.waitpid(pid, 0)
    link.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Be the program: `-m MODULE` or a file of Python, with its words, folder and environment."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, errors="backslashreplace", buffering=1)
    words = request["words"]
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    end_with_parent()
    serve(sys.argv[1])
