"""Videos in a store become files that are checked, shared, bounded and gone when nobody needs them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from media import fetch
from media.fetch import at_hand
from pipeline.stages.corpus import Corpus
from schemas.media import Listed, Source
from schemas.origin import Origin
from schemas.outcome import Rejected
from storage import scratch
from storage.place import Place
from tests.stores import ROOT, Store


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    fetch.copies.cache_clear()
    yield
    fetch.copies.cache_clear()


def source(uri: str, data: bytes) -> Source:
    sha256 = hashlib.sha256(data).hexdigest()
    return Source(key=sha256[:12], uri=uri, sha256=sha256, num_bytes=len(data), origin=Origin())


@pytest.fixture
def stored(cloud: Store, tmp_path: Path) -> Place:
    return Place.at(f"s3://bucket/{tmp_path.name}")


def put(place: Place, name: str, data: bytes) -> Source:
    place.write(name, data)
    return source(place.uri_of(name), data)


def test_a_file_on_disk_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    with at_hand(source(str(path), b"12345")) as found:
        assert found == path
    with (
        pytest.raises(Rejected, match="changed: 5 bytes, 4 when it was listed"),
        at_hand(source(str(path), b"1234")),
    ):
        pass


def rewrite(path: Path) -> None:
    """Other bytes of the same number, under a new time."""
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:  # the clock of files goes in steps
        path.write_bytes(b"54321")


def test_a_file_rewritten_at_its_size_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    video = source(str(path), b"12345")
    with pytest.raises(Rejected, match="changed: its content is not what was listed"), at_hand(video):
        rewrite(path)  # while it is read
    with pytest.raises(Rejected, match="changed: its content is not what was listed"), at_hand(video):
        pass


def test_a_file_that_was_only_touched_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    with at_hand(source(str(path), b"12345")):
        path.touch()


@pytest.mark.parametrize("name", ["a." + "x" * 240, "Miller vs. Jones, live from the " + "x" * 200, "a.0001"])
def test_long_names_and_suffixes_that_are_none(stored: Place, name: str) -> None:
    with at_hand(put(stored, name, b"12345")) as path:
        assert path.suffix == ""
        assert path.read_bytes() == b"12345"


def test_a_fetched_file_is_fetched_once(stored: Place, cloud: Store) -> None:
    video = put(stored, "a b.mp4", b"12345")
    cloud.asked()
    for _ in range(3):
        with at_hand(video) as path:
            assert path.read_bytes() == b"12345"
            assert path.suffix == ".mp4"
    assert [line.split()[0] for line in cloud.asked()] == ["HEAD", "GET"]


def test_what_changed_or_went_is_a_reject(stored: Place) -> None:
    video = put(stored, "a.mp4", b"12345")
    for other in (b"54321", b"123456", b"", b"5" * 10**7):
        stored.write("a.mp4", other)
        with pytest.raises(Rejected, match="changed"), at_hand(video):
            pass
    stored.remove("a.mp4")
    with pytest.raises(Rejected, match="gone"), at_hand(video):
        pass
    assert list(fetch.copies().iterdir()) == []


def test_what_a_store_does_not_give_is_a_reject(
    stored: Place, cloud: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.store.ATTEMPTS", 2)
    video = put(stored, "a.mp4", b"12345")
    video = source(f"{video.uri}?region=far", b"12345")
    for kind, words in ((500, "unreachable: .*in 2 tries"), (403, "denied: .*access is denied")):
        cloud.fail({"match": ".", "kind": kind})
        with pytest.raises(Rejected, match=words), at_hand(video):
            pass
        with pytest.raises(Rejected, match=words):
            list(Corpus()(Listed(key="k", uri=video.uri, origin=Origin())))


def test_the_longest_unused_go_when_room_is_wanted(stored: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "allowance", lambda home, used: 25)
    a, b, c = (put(stored, f"{name}.mp4", name.encode() * 10) for name in "abc")
    for age, video in ((30, a), (20, b)):
        with at_hand(video) as path:
            os.utime(path, (age, age))
    with at_hand(a), at_hand(c):  # a is old, and in use
        assert {path.name[:12] for path in fetch.copies().iterdir()} == {a.key, c.key}
        with pytest.raises(OSError, match="no room for a video of 10 bytes; set TMPDIR"), at_hand(b):
            pass
    with at_hand(b) as path:
        assert path.read_bytes() == b"b" * 10


def test_many_readers_at_once(stored: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies are removed between any two of their uses, and no reader sees half a file."""
    monkeypatch.setattr(fetch, "allowance", lambda home, used: 10_000)
    videos = [put(stored, f"{number}.mp4", bytes([number]) * 1000) for number in range(4)]
    wrong = []

    def read(shift: int) -> None:
        for turn in range(12):
            video = videos[(turn + shift) % 4]
            with at_hand(video) as path:
                if hashlib.sha256(path.read_bytes()).hexdigest() != video.sha256:
                    wrong.append(video)
            fetch.let_go(fetch.copy_of(videos[turn % 4]))

    readers = [threading.Thread(target=read, args=(shift,)) for shift in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_copy_that_is_replaced_while_it_is_opened_is_held_all_the_same(
    stored: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = put(stored, "a.mp4", b"12345")
    take, turns = scratch.take, iter([True])

    def unlucky(path: Path, how: int) -> int:
        handle = take(path, how)
        if next(turns, False):
            path.unlink()  # made room for another, and fetched again
            path.write_bytes(b"12345")
        return handle

    with at_hand(video):
        pass
    monkeypatch.setattr(fetch, "take", unlucky)
    with at_hand(video) as path:
        assert not fetch.let_go(path)
    assert fetch.let_go(path)


def test_copies_go_with_the_process(stored: Place, cloud: Store, tmp_path: Path) -> None:
    video = put(stored, "a.mp4", b"12345")
    code = (
        "import sys\nfrom media.fetch import at_hand\nfrom schemas.media import Source\n"
        "from schemas.origin import Origin\n"
        "video = Source(key='', uri=sys.argv[1], sha256=sys.argv[2], num_bytes=5, origin=Origin())\n"
        "with at_hand(video) as path:\n    print(path.read_text(), end='')"
    )
    message = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, video.uri, video.sha256],
        cwd=ROOT,
        env={**cloud.environment, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert message.stdout == "12345"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_source_in_a_store_is_known_by_its_content(stored: Place) -> None:
    video = put(stored, "a.mp4", os.urandom(3_000_000))
    found = next(Corpus()(Listed(key="k", uri=video.uri, origin=Origin())))
    assert (found.sha256, found.num_bytes, found.key) == (video.sha256, 3_000_000, video.key)


def reason_of(uri: str) -> str:
    with pytest.raises(Rejected) as no:
        list(Corpus()(Listed(key="k", uri=uri, origin=Origin())))
    return no.value.reason


def test_rejects_of_a_store(stored: Place) -> None:
    stored.write("empty.mp4", b"")
    assert reason_of(stored.uri_of("empty.mp4")) == "empty"
    assert reason_of(stored.uri_of("nothing.mp4")) == "missing"
    assert reason_of("s3://missing/a.mp4") == "missing"
    assert reason_of("s3://bucket/a/../b.mp4") == "unsupported_uri"
