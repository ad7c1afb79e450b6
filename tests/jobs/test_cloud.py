"""The whole job on an S3 server over HTTP: the bytes of a job on disk, through faults and kills."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from dataset.names import RUNNING
from jobs.cli import main
from jobs.commands.check import Check, check
from jobs.commands.preview import Preview, preview
from pipeline.stages.corpus import list_corpus
from storage.place import Place
from tests import processes
from tests.paint import film
from tests.stores import ACCESS_KEY, SECRET_KEY, TOKEN, Store
from tests.synth import Scene
from tests.warm.programs import execute, program

SECRETS = (ACCESS_KEY, SECRET_KEY, TOKEN)
FAULTS: tuple[dict[str, object], ...] = tuple(
    {"match": ".", "kind": kind, "share": share}
    for kind, share in ((500, 0.01), (503, 0.01), ("reset", 0.01), ("cut", 0.005), ("slow", 0.005))
)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory, server: Store) -> Path:
    """Videos on disk and, the same, at s3://bucket/videos; the truths on disk only."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "videos").mkdir()
    scene = Scene(number=1, num_frames=26, width=160, height=240, appearance=1, turn_deg=(-30.0, 30.0))
    film(scene, folder / "videos" / "one person.mp4", folder / "truths")
    film(
        Scene(number=3, num_frames=26, width=160, height=240, absent=range(26)),
        folder / "videos" / "nobody.mp4",
        folder / "truths",
    )
    (folder / "videos" / "copy #1.mp4").write_bytes((folder / "videos" / "one person.mp4").read_bytes())
    (folder / "videos" / "words.mp4").write_text("this is no video")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        for path in (folder / "videos").iterdir():
            Place.at("s3://bucket/videos").put(path.name, path)
    return folder


class Job:
    """A job in a process of its own, with scratch space of its own."""

    def __init__(self, films: Path, server: Store, scratch: Path) -> None:
        self.films, self.server, self.scratch = films, server, scratch
        self.output = ""

    def words(self, videos: str, out: str) -> tuple[str, ...]:
        return "-m", "tests.resume.job", videos, out, str(self.films / "truths")

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.server.environment, "TMPDIR": str(self.scratch)}

    def run(self, videos: str, out: str) -> int:
        return self.ended(execute(*self.words(videos, out), env=self.environment()))

    def run_from_the_start(self, videos: str, out: str) -> int:
        """As a program that reads its libraries itself, each warning an error."""
        command = (sys.executable, "-W", "error", *self.words(videos, out))
        return self.ended(processes.execute(*command, env=self.environment()))

    def run_and_kill(self, videos: str, out: str, requests: int) -> int:
        """Run, and kill as soon as the server was asked so often."""
        self.server.asked()
        with program(*self.words(videos, out), env=self.environment()) as found:
            while not found.asked.ends_within(0.01):
                if int(self.server.ask("GET", "/-/log")) >= requests:
                    os.kill(found.asked.process, signal.SIGKILL)
                    break
            return self.ended(found.ended())

    def ended(self, done: subprocess.CompletedProcess[str]) -> int:
        self.output += done.stdout + done.stderr
        return done.returncode


@pytest.fixture(scope="module")
def job(films: Path, server: Store, tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(films, server, tmp_path_factory.mktemp("scratch"))


@pytest.fixture(scope="module")
def on_disk(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set on disk, from the videos in the store."""
    out = tmp_path_factory.mktemp("on disk") / "set"
    assert job.run("s3://bucket/videos", str(out)) == 0, job.output
    return out


@pytest.fixture(scope="module")
def in_store(job: Job, server: Store) -> str:
    """The data set in the store, made while the store failed now and then."""
    server.fail(*FAULTS, seed=5)
    server.asked()
    assert job.run_from_the_start("s3://bucket/videos", "s3://bucket/set") == 0, job.output
    server.fail()
    struck = [line.rpartition(" ")[2] for line in server.asked()]
    assert {"500", "503", "reset"} <= set(struck)
    return "s3://bucket/set"


def seen(out: Path | str) -> dict[str, bytes]:
    """What outside readers see."""
    place = Place.at(out)
    return {name: place.read(name) for name, *_ in place.files() if name.endswith((".tar", "index.parquet"))}


def landed(out: Path | str) -> dict[str, bytes]:
    """Tables of all landings."""
    place = Place.at(out)
    return {
        entry.name: place.read(entry.name) for entry in place.files("landings") if "done" not in entry.name
    }


def test_the_store_holds_the_bytes_of_the_disk(cloud: Store, on_disk: Path, in_store: str) -> None:
    assert len(seen(in_store)) == 2
    assert seen(in_store) == seen(on_disk)
    assert landed(in_store) == landed(on_disk)


def members(out: Path) -> dict[str, Any]:
    """The files in the shards; of `meta.json` all but the address of the source."""
    found: dict[str, Any] = {}
    for shard in out.glob("shards/*/*.tar"):
        with tarfile.open(shard) as tar:
            for entry in tar:
                data: Any = tar.extractfile(entry).read()  # type: ignore[union-attr]
                if entry.name.endswith("meta.json"):
                    data = json.loads(data)
                    del data["source"]["uri"]
                found[entry.name] = data
    return found


def test_videos_in_the_store_are_those_on_disk(job: Job, films: Path, on_disk: Path, tmp_path: Path) -> None:
    assert job.run(str(films / "videos"), str(tmp_path / "set")) == 0, job.output
    assert members(tmp_path / "set") == members(on_disk) != {}


def test_rejects_name_the_address(cloud: Store, in_store: str) -> None:
    rejects = [
        row
        for name, data in landed(in_store).items()
        if "rejects" in name
        for row in pq.read_table(io.BytesIO(data)).to_pylist()
    ]
    assert sorted((row["reason"], row["uri"]) for row in rejects) == [
        ("duplicate", "s3://bucket/videos/one%20person.mp4"),
        ("invalid_data", "s3://bucket/videos/words.mp4"),
        ("nobody", "s3://bucket/videos/nobody.mp4"),
    ]


def test_a_finished_job_changes_nothing(job: Job, server: Store, in_store: str) -> None:
    server.asked()
    assert job.run("s3://bucket/videos", in_store) == 0, job.output
    changes = [line for line in server.asked() if not line.startswith(("GET", "HEAD"))]
    assert set(changes) == {f"PUT /bucket/set/{RUNNING}"}


@pytest.mark.parametrize("seed", range(1))
def test_killed_and_started_again(job: Job, cloud: Store, on_disk: Path, seed: int) -> None:
    out, draw = f"s3://bucket/killed{seed}", random.Random(seed)
    for _ in range(2):
        assert job.run_and_kill("s3://bucket/videos", out, draw.randrange(40, 250)) == -signal.SIGKILL
    assert job.run("s3://bucket/videos", out) == 0, job.output
    assert seen(out) == seen(on_disk)
    assert landed(out) == landed(on_disk)
    assert check(Check(out=out), Console(quiet=True)) == 0


def test_check_and_preview(cloud: Store, in_store: str, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    assert check(Check(out=in_store), console) == 0, console.file.getvalue()  # type: ignore[attr-defined]
    cloud.asked()
    assert preview(Preview(data=in_store, out=tmp_path), console) == 0
    assert len(cloud.asked()) <= 10
    assert [path.name for path in tmp_path.iterdir()] == ["sheet_000.png"]
    Place.at(in_store).write("shards/160x240/stray.tar", b"")
    assert check(Check(out=in_store, quick=True), console) == 1
    Place.at(in_store).remove("shards/160x240/stray.tar")


def test_keys_are_nowhere(job: Job, cloud: Store, on_disk: Path, in_store: str) -> None:
    places = [Place.at(on_disk), Place.at("s3://bucket"), Place.at(job.scratch)]
    texts = [job.output.encode()]
    for place in places:
        for entry in place.files():
            data = place.read(entry.name)
            texts.append(data)
            if entry.name.endswith(".parquet"):
                texts.append(json.dumps(pq.read_table(io.BytesIO(data)).to_pylist(), default=str).encode())
    assert not [secret for secret in SECRETS for text in texts if secret.encode() in text]


def test_nothing_is_left_in_scratch_space(job: Job, in_store: str) -> None:
    assert job.run("s3://bucket/videos", in_store) == 0  # also what the killed ones left
    left = [path for path in job.scratch.rglob("*") if path.is_file()]
    assert left == [], [(path.name, path.stat().st_size) for path in left]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--videos", "s3://bucket/videos", "--out", "s3://missing/set"], "there is no such bucket"),
        (["--videos", "s3://missing/videos", "--out", "s3://bucket/other"], "there is no such bucket"),
        (["--videos", f"s3://{ACCESS_KEY}:s@bucket/v", "--out", "s3://bucket/other"], "keys do not belong"),
        (["--videos", "s3://bucket/videos", "--out", "s3://bucket/a/../b"], "no plain name"),
        (["--videos", "ftp://host/videos", "--out", "s3://bucket/other"], "no place for files"),
    ],
)
@pytest.mark.usefixtures("films")
def test_one_sentence(
    cloud: Store, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["curate", *arguments]) == 2
    output = capsys.readouterr().err
    assert words in output
    assert output.count("\n") == 1
    assert not any(secret in output for secret in SECRETS)


@pytest.mark.usefixtures("films")
def test_denied_is_one_sentence(cloud: Store, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.fail({"match": "(PUT|POST) /bucket/.*landings", "kind": 403})
    assert main(["curate", "--videos", "s3://bucket/videos", "--out", "s3://bucket/denied"]) == 2
    output = capsys.readouterr().err
    assert "denied/landings/listing/part-000000.parquet: cannot write: access is denied" in output
    assert output.count("\n") == 1


def test_a_manifest_in_the_store_names_files_anywhere(cloud: Store, films: Path) -> None:
    place = Place.at("s3://bucket/lists")
    there = films / "videos" / "nobody.mp4"
    place.write(
        "list.csv", f'uri,licence\n{there},cc0\ns3://bucket/videos/words.mp4,\n"a b.mp4",mit\n'.encode()
    )
    assert [(row.uri, row.origin.licence) for row in list_corpus("s3://bucket/lists/list.csv")] == [
        (str(there), "cc0"),
        ("s3://bucket/lists/a%20b.mp4", "mit"),
        ("s3://bucket/videos/words.mp4", "unknown"),
    ]


def test_strangers_rows_cost_themselves_alone(job: Job, cloud: Store, films: Path, tmp_path: Path) -> None:
    """Rows that choose a server, that are forbidden, and that lead nowhere, among good ones."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        there = f"127.0.0.1:{elsewhere.getsockname()[1]}"
        place = Place.at("s3://bucket/strangers")
        place.write("forbidden.mp4", b"0" * 4096)
        rows = [
            f"s3://x/y.mp4?endpoint_override={there}&scheme=http",
            f"abfs://account@{there}/c/y.mp4",
            f"http://{there}/y.mp4",
            "s3://bucket/strangers/forbidden.mp4",
            "s3://nowhere/y.mp4",
            *(f"s3://bucket/videos/{name}" for name in ("one person.mp4", "nobody.mp4", "words.mp4")),
            *(str(path) for path in (films / "videos").iterdir()),
        ]
        place.write("list.csv", "\n".join(["uri", *rows]).encode())
        cloud.fail({"match": "strangers/forbidden", "kind": 403})
        out = tmp_path / "set"
        assert job.run("s3://bucket/strangers/list.csv", str(out)) == 0, job.output
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    rejects = [
        row["reason"]
        for name, data in landed(out).items()
        if "sources/rejects" in name
        for row in pq.read_table(io.BytesIO(data)).to_pylist()
    ]
    assert sorted(rejects) == ["denied", "missing", *["unsupported_uri"] * 3]
    assert len(seen(out)) == 2
