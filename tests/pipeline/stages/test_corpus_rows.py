"""Rows of a manifest choose no server: whatever they say, nothing arrives there, and each is one reject."""

from __future__ import annotations

import csv
import io
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.stages.corpus import Corpus, list_corpus
from schemas.outcome import Rejected
from storage.place import Place
from tests.stores import ACCESS_KEY, SECRET_KEY, TOKEN, Store

SECRETS = (ACCESS_KEY, SECRET_KEY, TOKEN)


class Listener:
    """A port of this machine that keeps whatever comes, until it is asked."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.wake, self.end = socket.socketpair()
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self.server, selectors.EVENT_READ)
            ready.register(self.end, selectors.EVENT_READ)
            while True:
                if any(key.fileobj is self.end for key, _ in ready.select()):
                    return
                with closing(self.server.accept()[0]) as visitor:
                    visitor.settimeout(5)
                    self.came.append(visitor.recv(65536))
                    visitor.sendall(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self.wake.close()
        self.thread.join()
        self.server.close()
        self.end.close()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """The port, in a process that has keys to lose."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in zip(
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), SECRETS, strict=True
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("storage.store.ATTEMPTS", 1)
    with closing(Listener()) as listening:
        yield listening


def hostile(there: str) -> list[str]:
    """Rows that would lead to `there`, a host and port."""
    host, _, port = there.partition(":")
    return [
        f"s3://x/y.mp4?endpoint_override={there}&scheme=http",
        f"S3://x/y.mp4?scheme=http&endpoint_override={there}",
        f"s3://x/y\n.mp4?endpoint_override={there}&scheme=http",
        f"s3://x/y.mp4?endpoint_override=http%3A%2F%2F{host}%3A{port}",
        f"s3://x/y.mp4?region=x&endpoint_override={there}&scheme=http&anonymous=false",
        f"s3://x/y.mp4?endpoint_override={there}&scheme=http&region=",
        "s3://x/y.mp4?region=elsewhere",
        f"s3://{there}/y.mp4",
        f"s3://{ACCESS_KEY}:{SECRET_KEY}@x/y.mp4?endpoint_override={there}",
        f"s3://{ACCESS_KEY}:{SECRET_KEY}@{there}/y.mp4",
        f"s3://x%2f@{there}/y.mp4",
        f"s3://[::1]{there}/y.mp4",
        f"gs://x/y.mp4?endpoint_override={there}&scheme=http",
        f"gs://x/y.mp4?access_token={TOKEN}",
        f"abfs://account@{there}/c/y.mp4",
        f"abfs://account@{host}/c/y.mp4",
        "abfs://c@account.dfs.core.windows.net.example.com/y.mp4",
        f"abfss://c@account.dfs.core.windows.net/y.mp4?dfs_storage_authority={there}",
        f"abfs://c@account.dfs.core.windows.net/y.mp4?blob_storage_authority={there}&blob_storage_scheme=http",
        f"abfs://account:{SECRET_KEY}@{host}/c/y.mp4",
        *(
            f"{scheme}://{there}/y.mp4"
            for scheme in ("http", "https", "ftp", "rtmp", "rtsp", "tcp", "smb", "s3a")
        ),
        f"https://{ACCESS_KEY}:{SECRET_KEY}@{there}/y.mp4?key={TOKEN}",
        f"crypto+http://{there}/y.mp4",
        f"file://{there}/y.mp4",
        f"file://{host}/y.mp4",
        f"file:///y.mp4?http://{there}/",
        f"//{there}/y.mp4",
        f"\\\\{host}@{port}\\y.mp4",
        f"concat:http://{there}/a.ts|http://{there}/b.ts",
        f"subfile,,start,0,end,9,,:http://{there}/y.mp4",
        f"async:http://{there}/y.mp4",
        f"http:{there}/y.mp4",
        "file:///y%00.mp4",
        "y\0.mp4",
        "../../y.mp4",
        "",
    ]


def manifest(rows: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["uri"], *([row] for row in rows)])
    return text.getvalue().replace("\r\n\r\n", '\r\n""\r\n').encode()


def rejects(manifest: str) -> list[Rejected]:
    """What becomes of the rows; that none is kept is part of it."""
    found = []
    for item in list_corpus(manifest):
        with pytest.raises(Rejected) as no:
            list(Corpus()(item))
        assert not [secret for secret in SECRETS if secret in f"{item.uri} {no.value}"]
        found.append(no.value)
    return found


NAMED = {"unsupported_uri", "missing"}


def test_nothing_arrives_by_a_manifest_on_disk(listener: Listener, tmp_path: Path) -> None:
    rows = hostile(f"127.0.0.1:{listener.port}")
    (tmp_path / "list.csv").write_bytes(manifest(rows))
    found = rejects(str(tmp_path / "list.csv"))
    assert len(found) > 30
    assert {no.reason for no in found} == NAMED
    assert listener.came == []


def test_nothing_arrives_by_a_manifest_in_a_store(listener: Listener, server: Store) -> None:
    """The manifest's own server is asked for its own files alone."""
    home = f"s3://bucket/hostile?endpoint_override=127.0.0.1:{server.port}&scheme=http"
    rows = hostile(f"127.0.0.1:{listener.port}")
    Place.at(home).write("list.csv", manifest(rows))
    server.asked()
    found = rejects((Place.at(home) / "list.csv").uri)
    Place.at(home).remove("list.csv")  # other tests search the bucket for keys
    assert {no.reason for no in found} == NAMED
    assert listener.came == []
    gets = {line.split()[1] for line in server.asked() if line.startswith("GET")}
    assert all(line.startswith("/bucket/hostile/") for line in gets)


def test_the_listener_would_hear(listener: Listener) -> None:
    """The bait is good: the same address, named by the user, brings a signature to the port."""
    bait = Place.at(f"s3://x?endpoint_override=127.0.0.1:{listener.port}&scheme=http")
    with pytest.raises(OSError, match="cannot read"):
        bait.read("y.mp4")
    assert ACCESS_KEY.encode() in listener.came[0]
    assert TOKEN.encode() in listener.came[0]


def test_rows_of_a_manifest_in_a_store_have_its_options(
    cloud: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Place.at(f"s3://bucket/own?endpoint_override=127.0.0.1:{cloud.port}&scheme=http&region=us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    home.write("a b.mp4", b"1")
    cloud.ask("PUT", "/other")
    (Place.at(home.uri.replace("bucket/own", "other"))).write("c.mp4", b"2")
    rows = ["a b.mp4", "s3://bucket/own/a b.mp4", home.uri_of("a b.mp4"), "s3://other/c.mp4"]
    home.write("list.csv", manifest(rows))
    items = list_corpus(home.uri_of("list.csv"))
    server = f"endpoint_override=127.0.0.1%3A{cloud.port}"
    assert [item.uri for item in items] == [
        f"s3://bucket/own/a%20b.mp4?{server}&region=us-east-1&scheme=http",
        f"s3://other/c.mp4?{server}&scheme=http",
    ]
    assert [source.num_bytes for item in items for source in Corpus()(item)] == [1, 1]


def test_a_file_address_of_this_machine_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a b.mp4").write_bytes(b"1")
    (tmp_path / "list.csv").write_bytes(
        manifest([f"file://{tmp_path}/a%20b.mp4", f"file://localhost{tmp_path}/a b.mp4"])
    )
    (item,) = list_corpus(tmp_path / "list.csv")
    assert item.uri == str(tmp_path / "a b.mp4")
    (tmp_path / "list.csv").write_bytes(manifest(["file:///dev/zero"]))
    assert [no.reason for no in rejects(str(tmp_path / "list.csv"))] == ["not_a_file"]
