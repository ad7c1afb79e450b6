"""Object stores through pyarrow.fs: addresses without secrets, patience, and errors in one sentence."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from storage.address import is_uri

ATTEMPTS = 6
"""Tries of one request; waits between them grow from below a second to at most 20."""
CONNECT_S, ANSWER_S = 5.0, 30.0
"""How long a connection may take, and how long one may be silent, before the request is tried again."""
RETRY_S = 60
"""Google's library is given a time instead of a number of tries."""

CHUNK_BYTES = 2**25
"""Bytes of a file in memory while it travels."""

CODE = re.compile(r"ExceptionName: (\w+)|AWS Error ([A-Z]\w+)|Status\(([A-Z]\w+)|\b([A-Z]+(?:_[A-Z]+)+)\b")
HTTP = re.compile(r"HTTP status (\d{3})")
DENIED = re.compile(
    "DENIED|FORBIDDEN|ACCESS_?KEY|SIGNATURE|TOKEN|CREDENTIAL|PERMISSION|UNAUTH|AUTHENT|40[13]", re.IGNORECASE
)
NO_BUCKET = re.compile("NO_?SUCH_?BUCKET|CONTAINER_?NOT_?FOUND", re.IGNORECASE)


class Unreached(OSError):
    """A store did not give or take a file; `reason` is a fixed word."""

    reason = "unreachable"


class Denied(Unreached, PermissionError):
    """Access is denied."""

    reason = "denied"


def connect(uri: str) -> tuple[Any, str]:
    """The file system of a store, and the path that an address has in it.

    A process keeps one for each bucket; a forked one makes its own.
    """
    parts = urlsplit(uri)
    store, root = reach(parts.scheme, parts.netloc, parts.query, endpoint_in_environment(), os.getpid())
    return store, f"{root}{unquote(parts.path)}"


@lru_cache
def reach(scheme: str, bucket: str, query: str, endpoint: str, _: int) -> tuple[Any, str]:
    """The file system of a store, and the path of a bucket in it."""
    from pyarrow import fs

    options = dict(parse_qsl(query))
    if scheme == "s3":
        return s3(fs, bucket, options, endpoint), bucket
    if scheme == "gs":
        return fs.GcsFileSystem(**typed(options), retry_time_limit=timedelta(seconds=RETRY_S)), bucket
    store, path = fs.FileSystem.from_uri(f"{scheme}://{bucket}/?{query}")
    return store, path.rstrip("/")


def s3(fs: Any, bucket: str, options: dict[str, str], endpoint: str) -> Any:
    """The S3 file system that holds a bucket."""
    result = options.pop("endpoint_override", endpoint)
    scheme, _, host = result.rpartition("://")
    if host:
        scheme = options.get("scheme") or scheme or "https"
        if scheme == "http" and options.get("scheme") != "http" and not is_loopback(host):
            raise ValueError(
                f"{host}: not on this machine and not encrypted; add ?scheme=http if that is meant"
            )
        options |= {"endpoint_override": host, "scheme": scheme}
    elif not {"region"} & options.keys() | {"AWS_REGION", "AWS_DEFAULT_REGION"} & os.environ.keys():
        options["region"] = fs.resolve_s3_region(bucket)
    return fs.S3FileSystem(
        **typed(options),
        allow_delayed_open=True,  # a small file is one request
        connect_timeout=CONNECT_S,
        request_timeout=ANSWER_S,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def typed(options: dict[str, str]) -> dict[str, Any]:
    """Options of an address as pyarrow wants them."""
    return {name: {"true": True, "false": False}.get(value, value) for name, value in options.items()}


def endpoint_in_environment() -> str:
    """The S3 server that the environment names, or nothing."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""


def is_loopback(host: str) -> bool:
    """Whether a `host:port` is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def in_store(uri: str) -> list[tuple[str, int, float]]:
    """Name, size and time of every object below an address."""
    from pyarrow import fs

    with store_errors("list", uri):
        store, path = connect(uri)
        try:
            found = store.get_file_info(fs.FileSelector(path, recursive=True))
        except FileNotFoundError:
            return []
    return [(info.path[len(path) + 1 :], info.size, info.mtime_ns / 1e9) for info in found if info.is_file]


def upload(store: Any, path: str, chunks: Iterable[bytes]) -> None:
    """Write an object, in several parts where it is large; nothing appears before the last part is there."""
    stream = store.open_output_stream(path)
    try:
        for chunk in chunks:
            stream.write(chunk)
            stream.flush()  # waits for the parts on their way, and fails where one failed
    except BaseException:
        with suppress(OSError):  # left alone it would close itself; after a failed part that only fails again
            stream.close()
            store.delete_file(path)
        raise
    stream.close()


@contextmanager
def store_errors(action: str, uri: str) -> Iterator[None]:
    """Say a store's error in one sentence, from its code alone: what a server says may repeat a key.

    Raises:
        FileNotFoundError: there is no such object.
        Denied: a PermissionError, access is denied.
        Unreached: an OSError, all else; a disk's own words stay as they are.
    """
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, f"No such file to {action}", uri) from None
    except OSError as error:
        if not is_uri(uri):
            raise
        raise unreached(action, uri, str(error)) from None


def unreached(action: str, uri: str, text: str) -> Unreached:
    """The error to raise for what a store's library said."""
    found = CODE.search(text)
    code = next(filter(None, found.groups()), "") if found else ""
    http = HTTP.search(text)
    reason = f"{code} {http[0]}" if http else code or "unknown"
    if DENIED.search(reason):
        why = "access is denied; rights and keys come from the environment or the machine's role"
        return Denied(f"{uri}: cannot {action}: {why} ({reason})")
    if NO_BUCKET.search(reason):
        return Unreached(f"{uri}: cannot {action}: there is no such bucket")
    return Unreached(f"{uri}: cannot {action}: the store did not do it in {ATTEMPTS} tries ({reason})")
