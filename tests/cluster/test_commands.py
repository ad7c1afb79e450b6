"""Other commands on a cluster: the bytes of one process, through workers and drivers that are killed."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from ray.cluster_utils import Cluster

from engine.ledger import Ledger
from engine.runners.settings import ClusterSettings
from jobs.cli import main
from jobs.evaluation import rendering
from jobs.evaluation.films import facts_of
from jobs.evaluation.rendering import RENDERED, RenderedFilm
from storage.place import Place
from tests.cluster.small import kill, on, workers
from tests.jobs.commands.encoded import command
from tests.jobs.commands.test_evaluate_render import QUICK, bench
from tests.jobs.commands.test_forget import ask as let_go
from tests.jobs.commands.test_forget import digest_of
from tests.processes import execute, program, wait_until
from tests.resume.command_job import contents
from tests.resume.job import contents as made_of

__all__ = ["bench"]

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]  # `test_job` shows it of one job's legs
LONG_S = 240.0


@pytest.fixture(scope="module")
def alone(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes."""
    out = tmp_path_factory.mktemp("alone") / "latents"
    assert main(command(data_set, out)) == 0
    return out


def start(data: Path, out: Path, address: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return understudy(*command(data, out, *on(address)))


def understudy(*words: str) -> AbstractContextManager[subprocess.Popen[str]]:
    command = (sys.executable, "-m", "jobs.cli", *words)
    return program(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(job: subprocess.Popen[str]) -> None:
    said, _ = job.communicate(timeout=LONG_S)
    assert job.returncode == 0, said


def test_on_a_cluster_it_gives_the_bytes_of_one_process(
    cluster: Cluster, data_set: Path, alone: Path, tmp_path: Path
) -> None:
    with start(data_set, tmp_path / "latents", cluster.address) as job:
        finish(job)
    assert contents(tmp_path / "latents") == contents(alone)


def test_killed_workers_and_drivers_change_nothing(
    cluster: Cluster, data_set: Path, alone: Path, tmp_path: Path
) -> None:
    draw, out, kills = random.Random(5), tmp_path / "latents", 0
    with start(data_set, out, cluster.address) as job:
        while job.poll() is None and kills < 3:
            time.sleep(draw.uniform(0.2, 1.5))
            here = workers()
            kills += kill(draw.choice(here)) if here else 0
        wait_until(lambda: job.poll() is not None or (out / "codec.npz").exists(), "a codec", LONG_S)
        time.sleep(draw.uniform(0.0, 1.0))
        job.kill()
    assert kills > 0
    with start(data_set, out, cluster.address) as job:
        finish(job)
    assert contents(out) == contents(alone)


def test_an_audit_in_a_store_is_that_of_the_disk_killed_and_started_again(
    cluster: Cluster, data_set: Path, tmp_path: Path
) -> None:
    """The same measures and the same page, wherever the set lies."""
    here, there = Path(shutil.copytree(data_set, tmp_path / "set")), Place.at("s3://bucket/set")
    for entry in Place.at(here).files():
        there.write(entry.name, (here / entry.name).read_bytes())
    report = ["--fail-on", "never", "--out"]
    assert main(["audit", str(here), *report, str(tmp_path / "report")]) == 0
    words = ["audit", there.uri, *report, "s3://bucket/report", *on(cluster.address)]
    with understudy(*words) as job:
        wait_until(lambda: job.poll() is not None or landed(there), "a lap of measures", LONG_S)
        job.kill()
    assert there.size("measures/measures.parquet") is None
    with understudy(*words) as job:
        finish(job)
    for name in ("measures/measures.parquet", "measures/landings/measure"):
        assert {one: there.read(one) for one in tables(there, name)} == {
            one: (here / one).read_bytes() for one in tables(Place.at(here), name)
        }
    page = Place.at("s3://bucket/report").read("index.html").decode()
    assert page.replace(there.uri, str(here)) == (tmp_path / "report" / "index.html").read_text()


def test_who_leaves_a_store_leaves_what_one_process_would_leave(
    cluster: Cluster, films: Path, undisturbed: Path, tmp_path: Path
) -> None:
    here, there = Path(shutil.copytree(undisturbed, tmp_path / "set")), Place.at("s3://bucket/leaving")
    for entry in Place.at(here).files():
        there.write(entry.name, (here / entry.name).read_bytes())
    gone = digest_of(films / "videos" / "1.mp4")
    let_go(films, here, gone)
    on_ray = ClusterSettings(address=cluster.address, workers=2)
    let_go(films, there.uri, gone, strict=False, runner="ray", cluster=on_ray)
    left = made_of(here)
    assert left
    assert {name: hashlib.sha256(there.read(name)).hexdigest() for name in left} == left
    assert {entry.name for entry in there.files("shards")} == {name for name in left if "/" in name}


def test_pairs_and_their_files_are_those_of_one_process(
    cluster: Cluster, data_set: Path, tmp_path: Path
) -> None:
    words = ["pairs", str(data_set), "--kind", "cross_identity", "--frames", "25", "--per-person", "1"]
    table, files = tmp_path / "pairs.parquet", tmp_path / "files"
    assert main([*words, "--out", str(table), "--manifests", str(files), "--strict"]) == 0
    store = ["--out", "s3://bucket/pairs.parquet", "--manifests", "s3://bucket/files"]
    assert main([*words, *store, *on(cluster.address)]) == 0
    assert Place.at("s3://bucket").read("pairs.parquet") == table.read_bytes()
    made = {entry.name: (files / entry.name).read_bytes() for entry in Place.at(files).files()}
    there = Place.at("s3://bucket/files")
    assert {entry.name: there.read(entry.name) for entry in there.files()} == made
    assert sorted({name.partition("/")[0] for name in made}) == [
        "metadata.csv",
        "metadata.jsonl",
        "references",
        "videos",
    ]


def test_ray_data_reads_measures(cluster: Cluster, data_set: Path, tmp_path: Path) -> None:
    """As docs/audit.md says, in a process of its own: a reader has a Ray of their own."""
    data = Path(shutil.copytree(data_set, tmp_path / "set"))
    assert main(["audit", str(data), "--fail-on", "never", "--out", str(tmp_path / "report")]) == 0
    table = pq.read_table(data / "measures" / "measures.parquet")
    middle = sorted(filter(None, table["joint_jitter"].to_pylist()))[1]
    shaky = pc.sum(pc.greater(table["joint_jitter"], middle)).as_py()
    assert 0 < shaky < table.num_rows
    place = data / "measures" / "measures.parquet"
    code = READ_BY_RAY.format(address=cluster.address, table=place, middle=middle)
    done = execute(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(table.num_rows), str(shaky)]


READ_BY_RAY = """
import ray
ray.init("{address}", log_to_driver=False)
rows = ray.data.read_parquet("{table}")
print(rows.count(), rows.filter(expr="joint_jitter > {middle}").count())
"""


def landed(data: Place) -> bool:
    return any(entry.name.endswith(".done") for entry in data.files("measures/landings"))


def tables(data: Place, name: str) -> list[str]:
    """The tables below a name, without their markers, which tell of times."""
    return [
        entry.name
        for entry in data.files("measures")
        if entry.name.startswith(name) and "done" not in entry.name
    ]


def test_films_of_a_benchmark_are_made_by_workers(
    cluster: Cluster, bench: Path, short_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "MEMORY", 2**30)  # of a run of seconds
    words = ["evaluate", "render", str(bench), "--run", str(short_run), "--out", str(tmp_path)]
    assert main([*words, *QUICK, *on(cluster.address)]) == 3  # in the second pair's picture nobody is
    (film,) = Ledger(tmp_path).rows(RENDERED, "000000", RenderedFilm)
    assert hashlib.sha256((tmp_path / "a.mp4").read_bytes()).hexdigest() == film.sha256
    assert facts_of(tmp_path / "a.mp4").num_frames == film.frames == 29
    assert not (tmp_path / "b.mp4").exists()
