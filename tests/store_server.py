"""An S3 server on this machine with faults: moto behind a layer that fails requests as it is told.

    python -m tests.store_server

Runs in a process of its own (a test that waits for a store holds Python's lock) and ends with its parent.
Prints its port. `PUT /-/faults` takes rules as JSON, `GET /-/log` tells how often it was asked, `DELETE`
what, and forgets it.
"""

from __future__ import annotations

import json
import logging
import random
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, cast
from xml.sax.saxutils import escape

from moto.core.responses import ActionResult
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.responses import S3Response
from werkzeug.serving import make_server

Environ = dict[str, Any]
Answer = Iterable[bytes]

ERRORS = {
    403: ("AccessDenied", "Access Denied"),
    500: ("InternalError", "We encountered an internal error. Please try again."),
    503: ("SlowDown", "Please reduce your request rate."),
}


class Faulty:
    """moto, and faults before it.

    A rule is a JSON object: `match`, a pattern of "METHOD /path?query"; `kind`, a status of `ERRORS`, "reset"
    (no answer), "cut" (half of one) or "slow"; `share` of the requests that it meets, drawn from `seed`;
    `times` that it may strike.
    """

    def __init__(self) -> None:
        self.inner = create_backend_app("s3")
        self.lock = threading.Lock()
        self.rules: list[dict[str, Any]] = []
        self.draw = random.Random(0)
        self.log: list[str] = []

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Answer:
        path = environ.get("RAW_URI") or environ["PATH_INFO"]
        if path.startswith("/-/"):
            return self.answered(environ, path, start)
        kind = self.fault(f"{environ['REQUEST_METHOD']} {path}")
        if kind == "slow":
            time.sleep(0.4)
        elif kind in ERRORS:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            code, message = ERRORS[kind]
            body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
            start(f"{kind} {code}", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        elif kind == "reset":
            reset(environ["werkzeug.socket"])
            return []
        answer: Answer = self.inner(environ, start)
        return cut(environ["werkzeug.socket"], b"".join(answer)) if kind == "cut" else answer

    def fault(self, asked: str) -> Any:
        """The fault that this request meets, if any."""
        with self.lock:
            struck = None
            for rule in self.rules:
                if struck or not rule.get("times", 1) or not re.search(rule["match"], asked):
                    continue
                if self.draw.random() < rule.get("share", 1):
                    struck = rule["kind"]
                    rule["times"] = rule.get("times", 10**9) - 1
            self.log.append(f"{asked} {struck or ''}".strip())
            return struck

    def answered(self, environ: Environ, path: str, start: Callable[..., Any]) -> Answer:
        """Take rules, or show the log."""
        with self.lock:
            if environ["REQUEST_METHOD"] == "PUT":
                content = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
                self.rules, self.draw = content["rules"], random.Random(content.get("seed", 0))
            forget = environ["REQUEST_METHOD"] == "DELETE"
            body = json.dumps(self.log if forget else len(self.log)).encode()
            if forget:
                self.log = []
        start("200 OK", [("Content-Length", str(len(body)))])
        return [body]


def tell_lists_fast() -> None:
    """Write moto's answers to listings as they are: its own way through a schema takes nine times as long."""
    serialized = S3Response.serialized

    def written(self: S3Response, answer: ActionResult) -> tuple[int, dict[str, Any], str | bytes]:
        if self.data["Action"] != "ListObjectsV2":
            return serialized(self, answer)
        text = "".join(element(name, value) for name, value in cast("dict[str, Any]", answer.result).items())
        whole = f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{text}</ListBucketResult>'
        return 200, {"Content-Type": "application/xml"}, whole

    S3Response.serialized = written  # type: ignore[assignment, method-assign]


def element(name: str, value: Any) -> str:
    """A value as XML: a mapping's fields within it, a list as so many elements."""
    if isinstance(value, list):
        return "".join(element(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(element(*field) for field in value.items())}</{name}>"
    return f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"


def reset(connection: socket.socket) -> None:
    """End a connection without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


def cut(connection: socket.socket, answer: bytes) -> Answer:
    """Half of an answer, then a reset."""
    yield answer[: len(answer) // 2]
    connection.shutdown(socket.SHUT_RDWR)


def main() -> None:
    """Serve until standard input ends."""
    tell_lists_fast()
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, Faulty(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
