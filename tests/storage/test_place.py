"""Places: the same promises on disk and in a store, against an S3 server that fails as it is told."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import store as stores
from storage.place import Place
from tests.stores import ACCESS_KEY


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "disk":
        return Place.at(tmp_path / "set")
    request.getfixturevalue("cloud")
    return Place.at(f"s3://bucket/{tmp_path.name}/set")


def names(place: Place, under: str = "") -> list[str]:
    return [entry.name for entry in place.files(under)]


def test_files_come_and_go(place: Place, tmp_path: Path) -> None:
    assert place.files() == []
    assert place.size("a/b.txt") is None
    with pytest.raises(FileNotFoundError, match=r"b\.txt"):
        place.read("a/b.txt")
    place.write("a/b.txt", b"hello")
    place.write("a/b.txt", b"hello world")
    place.write("empty", b"")
    assert [place.read("a/b.txt"), place.read("a/b.txt", 6), place.read("a/b.txt", 4, 3)] == [
        b"hello world",
        b"world",
        b"o w",
    ]
    assert [place.read("a/b.txt", 9, 99), place.read("a/b.txt", 99), place.read("empty")] == [b"ld", b"", b""]
    assert [(entry.name, entry.size) for entry in place.files()] == [("a/b.txt", 11), ("empty", 0)]
    assert abs(place.files()[0].mtime_s - place.files()[1].mtime_s) < 5
    assert names(place, "a") == ["a/b.txt"]
    assert (place / "a").read("b.txt") == b"hello world"
    assert place.size("a") is None  # a folder is no file
    with place.open("a/b.txt") as file:
        file.seek(6)
        assert file.read(3) == b"wor"
    place.remove("a/b.txt")
    place.remove("a/b.txt")
    assert names(place) == ["empty"]
    assert names(place, "nothing") == []


def test_put_gives_the_digest_of_what_arrived(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(random.Random(1).randbytes(11 * 2**20))
    assert place.put("x/copy.tar", file) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert place.read("x/copy.tar") == file.read_bytes()
    assert names(place) == ["x/copy.tar"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/../../x", "/etc/x", "a//b", "a/", "a\\b", "..\\x", "a\nb", "a\0b"]
)
def test_no_name_leads_out_of_its_place(place: Place, name: str) -> None:
    for act in (
        lambda: place / name,
        lambda: place.write(name, b""),
        lambda: place.put(name, Path(__file__)),
        lambda: place.remove(name),
        lambda: place.read(name),
        lambda: place.size(name),
    ):
        with pytest.raises(ValueError, match="no plain name"):
            act()


def test_a_source_that_fails_halfway_leaves_nothing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(20 * 2**20))

    def broken(_: Any) -> Iterator[bytes]:
        yield bytes(12 * 2**20)
        raise KeyboardInterrupt

    monkeypatch.setattr("storage.place.sha256_of", lambda _: "")
    monkeypatch.setattr("storage.place.chunks_of", broken)
    monkeypatch.setattr("storage.disk.shutil.copyfileobj", lambda *_: next(iter(broken(0))) and 1 / 0)
    with pytest.raises((KeyboardInterrupt, ZeroDivisionError)):
        place.put("half.tar", file)
    assert names(place) == []


def test_other_bytes_than_were_sent_are_an_error(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"right")
    result = iter(["right", "wrong"])
    monkeypatch.setattr("storage.place.sha256_of", lambda _: next(result))
    with pytest.raises(OSError, match="other bytes came back"):
        place.put("x", file)
    assert names(place) == []


def test_two_writers_of_one_file_never_mix(place: Place) -> None:
    wanted = [bytes([letter]) * 300_000 for letter in range(4)]
    seen: set[bytes] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            if place.size("x"):
                seen.add(place.read("x"))

    looker = threading.Thread(target=look)
    looker.start()
    writers = [threading.Thread(target=place.write, args=("x", data)) for data in wanted * 4]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    looker.join()
    assert seen
    assert seen <= set(wanted)
    assert names(place) == ["x"]


def test_a_place_travels(place: Place) -> None:
    place.write("x", b"1")
    again = pickle.loads(pickle.dumps(place))
    assert again == place
    assert again.read("x") == b"1"
    assert Place.at(str(place)) == place


def test_a_forked_process_reads_too(place: Place) -> None:
    place.write("x", b"before the fork")
    assert place.read("x")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(place.read, ["x", "x", "x"]) == [b"before the fork"] * 3


def test_addresses() -> None:
    assert Place.at("sets/one").folder == Path.cwd() / "sets" / "one"
    assert Place.at("file:///sets/o%20ne").folder == Path("/sets/o ne")
    assert Place.at("S3://bucket/a b/").uri == "s3://bucket/a%20b"
    assert Place.at("s3://bucket").uri == "s3://bucket"
    there = Place.at("s3://bucket/a?region=eu-1&endpoint_override=127.0.0.1:9000&scheme=http")
    assert there.folder is None
    assert (there / "b#1?.mp4").uri == (
        "s3://bucket/a/b%231%3F.mp4?endpoint_override=127.0.0.1%3A9000&region=eu-1&scheme=http"
    )
    assert Place.holding((there / "b#1?.mp4").uri) == (there, "b#1?.mp4")
    assert Place.holding("/videos/a b.mp4") == (Place.at("/videos"), "a b.mp4")
    assert Place.at("abfs://container@account.dfs.core.windows.net/a").folder is None


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://{ACCESS_KEY}:secret@bucket/x",
        f"s3://{ACCESS_KEY}@bucket/x",
        f"s3://bucket/x?access_key={ACCESS_KEY}&secret_key=s",
        f"s3://bucket/x?{ACCESS_KEY}",
        f"gs://bucket/x?access_token={ACCESS_KEY}",
        f"abfs://:{ACCESS_KEY}@account/x",
        f"abfs://container@account/x?account_key={ACCESS_KEY}",
    ],
)
def test_secrets_in_addresses_are_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(ValueError, match="environment") as refused:
        Place.at(uri)
    assert ACCESS_KEY not in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    ["ftp://host/x", "http://host/x", "s3:///x", "s3://bucket/../x", "s3://bucket/a//b", "s3://b/%2e%2e/x"],
)
def test_unfit_addresses_are_refused(uri: str) -> None:
    with pytest.raises(ValueError, match=r"no place|no bucket|no plain name"):
        Place.at(uri)


def test_plain_http_only_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example:9000")
    with pytest.raises(ValueError, match="not encrypted"):
        Place.at("s3://bucket").files()
    assert [stores.is_loopback(host) for host in ("127.0.0.1:1", "[::1]:1", "localhost", "10.0.0.1:1")] == [
        True,
        True,
        True,
        False,
    ]
    monkeypatch.setattr(stores, "ATTEMPTS", 1)
    with pytest.raises(OSError, match="cannot list"):
        Place.at("s3://bucket?endpoint_override=127.0.0.1:1&scheme=http").files()


def test_a_disk_speaks_for_itself(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    place = Place.at(tmp_path)
    for act, words in (
        (lambda: place.read("folder"), "folder"),
        (lambda: place.read("file/x"), "Not a directory"),
        (lambda: place.write("file/x", b""), "file"),
    ):
        with pytest.raises(OSError, match=words) as caught:
            act()
        assert "the store" not in str(caught.value)


# ---- what a store may do
