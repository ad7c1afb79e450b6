"""Files and a port that nothing may touch: what is executed, or followed out of its place, shows here.

Each item is given names of its own, so that a touch tells whose it was.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

IN_ACCESS, IN_OPEN, IN_CREATE = 0x1, 0x20, 0x100  # linux/inotify.h
IN_NONBLOCK = 0o4000
EVENT = struct.Struct("iIII")
NAME = re.compile(r"(?:secret|trap)-(\d{6})")
NOBODY = -1


class Canaries:
    """A folder and a listening port. `touched` says whose files were opened, made or asked for."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.asked: set[str] = set()
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.events = self.libc.inotify_init1(IN_NONBLOCK)
        self.watch(folder)

    def watch(self, folder: Path) -> None:
        """Note what happens to the files of a folder.

        Raises:
            OSError: the kernel does not.
        """
        if self.libc.inotify_add_watch(self.events, os.fsencode(folder), IN_ACCESS | IN_OPEN | IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), "files are not watched", str(folder))

    def secret(self, seed: int, video: bytes) -> Path:
        """A good file of an item's own, in a folder of its own, where no job is asked to look."""
        path = self.folder / f"{seed:06d}" / f"secret-{seed:06d}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(video)
        self.watch(path.parent)
        return path

    def address(self, seed: int) -> str:
        """A file of an item's own behind the port, without its protocol."""
        return f"127.0.0.1:{self.server.getsockname()[1]}/secret-{seed:06d}.mp4"

    def trap(self, seed: int) -> Path:
        """What an item's code makes when it is run."""
        return self.folder / f"trap-{seed:06d}"

    def touched(self) -> dict[int, str]:
        """What was touched, by item; `NOBODY` where nothing tells whose it was."""
        names = self.opened() | self.asked
        self.asked = set()
        found = {}
        for name in names:
            whose = NAME.search(name)
            found[int(whose[1]) if whose else NOBODY] = name
        for path in self.folder.glob("trap-*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return found

    def opened(self) -> set[str]:
        """Files that were opened, read or made."""
        names = set()
        with suppress(BlockingIOError):
            while data := os.read(self.events, 2**16):
                while data:
                    length = EVENT.unpack_from(data)[3]
                    names.add(os.fsdecode(data[EVENT.size : EVENT.size + length].rstrip(b"\0")))
                    data = data[EVENT.size + length :]
        return names - {""}

    def serve(self) -> None:
        """Note what is asked of the port, and hang up, until it is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                with connection, suppress(OSError):
                    connection.settimeout(1.0)
                    self.asked.add(connection.recv(500).decode(errors="replace") or "port")

    def close(self) -> None:
        """Stop watching."""
        self.server.close()
        os.close(self.events)
