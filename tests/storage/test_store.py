"""A place in an object store: requests, failures and refusals."""

from __future__ import annotations

import random
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from storage import store as stores
from storage.place import Place
from tests.stores import ACCESS_KEY, ROOT, SECRET_KEY, TOKEN, Store


def names(place: Place) -> list[str]:
    return [entry.name for entry in place.files()]


def test_more_than_a_thousand_files(cloud: Store, tmp_path: Path) -> None:
    place = Place.at(f"s3://bucket/{tmp_path.name}")
    for number in range(1010):
        cloud.ask("PUT", f"/bucket/{tmp_path.name}/d/{number:04d}", b"x")
    cloud.asked()
    assert names(place) == [f"d/{number:04d}" for number in range(1010)]
    assert len(cloud.asked()) == 2


def test_a_small_file_is_one_request_and_makes_no_folders(cloud: Store, tmp_path: Path) -> None:
    place = Place.at(f"s3://bucket/{tmp_path.name}")
    cloud.asked()
    place.write("a/b/c", b"hello")
    assert cloud.asked() == [f"PUT /bucket/{tmp_path.name}/a/b/c"]


def test_a_large_file_goes_in_parts_and_appears_at_the_end(cloud: Store, tmp_path: Path) -> None:
    place, file = Place.at(f"s3://bucket/{tmp_path.name}"), tmp_path / "file"
    file.write_bytes(random.Random(2).randbytes(40 * 2**20))
    cloud.asked()
    place.put("shard.tar", file)
    asked = cloud.asked()
    assert sum("partNumber" in line for line in asked) > 2
    assert place.size("shard.tar") == 40 * 2**20
    cloud.fail({"match": "partNumber=3", "kind": 403})
    with pytest.raises(PermissionError, match=r"other\.tar: cannot write: access is denied"):
        place.put("other.tar", file)
    cloud.fail()
    assert names(place) == ["shard.tar"]


@pytest.mark.parametrize("kind", [500, 503, "reset", "cut", "slow"])
def test_what_fails_for_the_moment_is_tried_again(cloud: Store, tmp_path: Path, kind: object) -> None:
    place, file = Place.at(f"s3://bucket/{tmp_path.name}"), tmp_path / "file"
    file.write_bytes(random.Random(3).randbytes(12 * 2**20))
    for match in ("GET .*list-type", "HEAD", "GET .*tar", "partNumber=2"):
        cloud.fail({"match": match, "kind": kind, "times": 1})
        place.put("a.tar", file)
        place.write("b", b"12")
        assert names(place) == ["a.tar", "b"]
        assert place.read("a.tar") == file.read_bytes()
        assert any(line.endswith(str(kind)) for line in cloud.asked()) or kind == "cut"


def test_patience_ends(cloud: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "ATTEMPTS", 2)
    place = Place.at(f"s3://bucket/{tmp_path.name}?region=elsewhere")  # not the one that others have used
    cloud.fail({"match": ".", "kind": 503})
    cloud.asked()
    with pytest.raises(OSError, match=r"x\?.*: cannot write: the store did not do it in 2 tries \(SLOW_DOWN"):
        place.write("x", b"1")
    assert len(cloud.asked()) == 2


def test_denied_and_missing_are_one_sentence_without_keys(cloud: Store, tmp_path: Path) -> None:
    place = Place.at(f"s3://bucket/{tmp_path.name}")
    cloud.fail({"match": ".", "kind": 403})
    for act in (
        place.files,
        lambda: place.read("x"),
        lambda: place.write("x", b"1"),
        lambda: place.size("x"),
    ):
        with pytest.raises(PermissionError, match="access is denied") as denied:
            act()
        assert not any(secret in str(denied.value) for secret in (ACCESS_KEY, SECRET_KEY, TOKEN))
        assert str(denied.value).count("\n") == 0
    cloud.fail()
    missing = Place.at("s3://missing/x")
    for act in (missing.files, lambda: missing.write("x", b"1")):
        with pytest.raises(OSError, match=r"s3://missing/x.*: there is no such bucket"):
            act()
    with pytest.raises(urllib.error.HTTPError):  # nobody made it
        cloud.ask("GET", "/missing")


def test_without_credentials_the_sentence_says_where_they_come_from(cloud: Store, tmp_path: Path) -> None:
    code = "from storage.place import Place\nPlace.at('s3://bucket/x').read('y')"
    environment = {name: value for name, value in cloud.environment.items() if "_KEY" not in name}
    environment |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    cloud.fail({"match": ".", "kind": 403})
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Denied: s3://bucket/x/y: cannot read: access is denied" in done.stderr
    assert "environment" in done.stderr


def test_import_is_light_and_the_process_ends(cloud: Store) -> None:
    code = (
        "import sys, time\nfrom storage.place import Place\n"
        "assert 'pyarrow.fs' not in sys.modules\n"
        "place = Place.at('s3://bucket/x')\nplace.write('y', b'1')\n"
        "file = place.open('y')\nprint(file.read())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=cloud.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "b'1'"
    assert done.stderr == ""
