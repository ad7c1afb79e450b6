"""A page in a real browser without a window: what its scripts answer, and what it complains of."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from aiohttp import ClientSession

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
QUIET = (
    "--no-first-run",
    "--disable-extensions",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
)
LIMIT_S = 120
T = TypeVar("T")


def browser() -> str:
    """The browser of this machine; the test is skipped where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return found


class Asked(Protocol):
    """A browser that shows a page: what a method of its protocol (chromium: DevTools) gives."""

    async def __call__(self, method: str, **given: Any) -> dict[str, Any]: ...


def answers(page: Path, scripts: Sequence[str]) -> tuple[list[Any], list[str]]:
    """What each script gives on a page, promises awaited, and all errors that the page caused."""

    async def each(ask: Asked) -> list[Any]:
        return [await answer(ask, script) for script in scripts]

    return visit(page, each)


async def answer(ask: Asked, script: str) -> Any:
    """What a script gives on the page."""
    found = await ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
    assert "exceptionDetails" not in found, found
    return found["result"].get("value")


def visit(page: Path, look: Callable[[Asked], Awaitable[T]]) -> tuple[T, list[str]]:
    """What somebody finds who looks at a page, and all errors that the page caused."""
    with tempfile.TemporaryDirectory() as profile:
        command = [browser(), *FLAGS, *QUIET, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                lines = iter(process.stderr.readline, "")
                port = next(found[1] for line in lines if (found := re.search(r"ws://[^:]+:(\d+)/", line)))
                return asyncio.run(asyncio.wait_for(talk(port, page, look), LIMIT_S))
            finally:
                process.terminate()


async def talk(port: str, page: Path, look: Callable[[Asked], Awaitable[T]]) -> tuple[T, list[str]]:
    """Open the page and look."""
    async with ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json") as listed:
            tabs = await listed.json()
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        async with session.ws_connect(address, max_msg_size=0) as socket:
            events: list[dict[str, Any]] = []
            number = 0

            async def ask(method: str, **given: Any) -> dict[str, Any]:
                nonlocal number
                number += 1
                await socket.send_json({"id": number, "method": method, "params": given})
                found = await until(lambda message: message.get("id") == number)
                assert "error" not in found, (method, found["error"])
                return dict(found["result"])

            async def until(met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
                while True:
                    message: dict[str, Any] = await socket.receive_json()
                    events.append(message)
                    if met(message):
                        return message

            for domain in ("Page", "Runtime", "Log", "Network"):
                await ask(f"{domain}.enable")
            await ask("Page.navigate", url=page.as_uri())
            await until(lambda message: message.get("method") == "Page.loadEventFired")
            return await look(ask), list(complaints(events, page))


def complaints(events: Sequence[dict[str, Any]], page: Path) -> list[str]:
    """Exceptions, errors of the log, and whatever was asked for from elsewhere."""
    told = []
    for event in events:
        given = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                told.append(str(given["exceptionDetails"]))
            case "Log.entryAdded" if given["entry"]["level"] == "error":
                told.append(given["entry"]["text"])
            case "Network.requestWillBeSent" if not given["request"]["url"].startswith(
                ("data:", page.as_uri())
            ):
                told.append(given["request"]["url"])
    return told
