"""An S3 server for tests: started once, told to fail, asked what it was asked."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ACCESS_KEY, SECRET_KEY, TOKEN = "AKIAUNDERSTUDYFAKE01", "fAkE/sEcReT+uNdErStUdY", "fAkE-ToKeN-uNdErStUdY"


@dataclass(frozen=True)
class Store:
    """A running server."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to reach it."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        """A plain request."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=60) as answer:
            found: bytes = answer.read()
            return found

    def fail(self, *rules: dict[str, object], seed: int = 0) -> None:
        """Fail as the rules say from now on; see `tests.store_server`. Without rules all goes well."""
        self.ask("PUT", "/-/faults", json.dumps({"rules": rules, "seed": seed}).encode())

    def asked(self) -> list[str]:
        """What was asked since the last time, each with its fault."""
        found: list[str] = json.loads(self.ask("DELETE", "/-/log"))
        return found


@contextmanager
def serving() -> Iterator[Store]:
    """A server with an empty bucket named "bucket"."""
    command = [sys.executable, "-m", "tests.store_server"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        store = Store(int(server.stdout.readline()))
        store.ask("PUT", "/bucket")
        yield store
        server.stdin.close()
        server.wait()
