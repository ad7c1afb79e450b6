"""A job on a cluster of several machines: poison, devices, shared storage, metrics, and who listens."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from engine.core import DeviceMissing
from engine.ledger import Ledger
from engine.runners import inline
from engine.runners.metrics import METRICS
from engine.runners.process import LapFailed
from engine.runners.ray import cluster as runner
from engine.runners.ray.fleet import CannotBegin
from engine.runners.settings import ClusterSettings, Timeouts
from engine.runners.status import LegProgress, WorkerState
from pipeline.flow import legs
from storage.place import Place
from tests.cluster import meeting
from tests.cluster.small import start, workers
from tests.engine.runners.odd import house, listing
from tests.names import taken_names
from tests.processes import ROOT, execute, wait_until
from tests.resume.job import contents, landed, run_job
from tests.resume.test_facets import swapped
from tests.stores import ACCESS_KEY, SECRET_KEY, TOKEN, Store

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def connected(cluster: Cluster) -> Iterator[Cluster]:
    ray.init(address=cluster.address, logging_level="error", log_to_driver=False)
    yield cluster
    ray.shutdown()


@dataclass
class Seen:
    """A watch that remembers."""

    at_once: set[frozenset[str]] = field(default_factory=set)
    stalls: list[str] = field(default_factory=list)
    last: dict[str, LegProgress] = field(default_factory=dict)

    def lanes(self, lanes: Sequence[LegProgress]) -> None:
        self.last |= {lane.leg: lane for lane in lanes}

    def sights(self, sights: Sequence[WorkerState]) -> None:
        self.at_once.add(frozenset(sight.leg for sight in sights))

    def stuck(self, why: Sequence[str]) -> None:
        self.stalls += why


def run(ledger: Ledger, settings: ClusterSettings, *, per_lap: int = 1, gpus: float = 0.0, **more) -> Seen:
    seen = Seen()
    legs = house(per_lap, gpus=gpus)
    runner.run(legs, ledger, seen, clock=time.monotonic, unseal=lambda: None, settings=settings, **more)
    return seen


def content(ledger: Ledger) -> dict[str, list[str]]:
    return {leg.name: [landed.content for _, landed in ledger.all_landed(leg.name)] for leg in house(1)}


def test_poison_is_held_back_and_everything_else_goes_on(connected: Cluster, tmp_path: Path) -> None:
    uris = [f"/v/fine-{n}" for n in range(6)]
    uris += ["/v/segv-1", "/v/hang-1", "/v/bug-1"]
    ledger = listing(tmp_path / "ray", *uris)
    patience = Timeouts(base_s=20.0)
    seen = run(ledger, ClusterSettings(workers=2), per_lap=2, patience=patience)
    assert all(lane.done == lane.laps == 5 for lane in seen.last.values())
    rejects = [row for name in ledger.names("sources") for row in ledger.rejects("sources", name).to_pylist()]
    assert {row["key"]: row["reason"] for row in rejects} == {
        "segv1": "crashed",
        "hang1": "timed_out",
        "bug1": "failed",
    }
    assert all("understudy replay OUT" in row["detail"] for row in rejects)
    kept = sum(landed.rows for _, landed in ledger.all_landed("groups"))
    assert kept == 6
    alone = listing(tmp_path / "alone", *uris)
    inline.run(
        house(2), alone, Seen(), clock=time.monotonic, unseal=lambda: None, gpus=int, patience=patience
    )
    assert content(alone) == content(ledger)


def test_metrics_are_on_rays_endpoint(connected: Cluster, tmp_path: Path) -> None:
    """What was counted is what Prometheus would read, on the machines where it was counted."""
    ledger = listing(tmp_path, *(f"/v/fine-{n}" for n in range(3)), "/v/bad-1", "/v/bad-2")
    before = metrics()
    run(ledger, ClusterSettings(workers=1), per_lap=5)

    def grown(name: str, **labels: str) -> float:
        return total(metrics(), name, **labels) - total(before, name, **labels)

    until = time.monotonic() + 40
    while (
        grown("understudy_rejects_total", step="hash", reason="unreadable") < 2 and time.monotonic() < until
    ):
        time.sleep(0.5)
    assert grown("understudy_rejects_total", step="hash", reason="unreadable") == 2
    assert grown("understudy_clips_total", step="hash") == 3
    assert grown("understudy_clips_total", step="each") == 3
    assert grown("understudy_step_seconds_total", step="hash") > 0
    while not total(metrics(), "understudy_laps_done", leg="groups") and time.monotonic() < until:
        time.sleep(0.5)
    assert total(metrics(), "understudy_laps_done", leg="groups") > 0
    found = {line.split("{")[0].removeprefix("ray_") for line in metrics() if "understudy_" in line}
    assert found <= set(METRICS)
    assert {"understudy_queue_depth", "understudy_stalled", "understudy_workers"} <= found


def meet(ledger: Ledger, *weights: str) -> None:
    """Run legs whose items wait for one another; one that waits in vain is a reject in the end."""
    settings, patience = ClusterSettings(), Timeouts(base_s=120.0, tries=1)
    same: dict[str, Any] = {"settings": settings, "patience": patience}
    runner.run(meeting.house(*weights), ledger, Seen(), clock=time.monotonic, unseal=lambda: None, **same)


def met(folder: Path, leg: str) -> set[str]:
    """The processes that worked at a leg."""
    return {path.name.removeprefix(f"{leg}-") for path in folder.glob(f"{leg}-*")}


def test_the_cores_of_a_leg_that_is_over_serve_the_next(connected: Cluster, tmp_path: Path) -> None:
    """Two machines of one core. Each leg needs both at once, and other weights than the one before it."""
    ledger = listing(tmp_path / "set", *(f"{tmp_path}/fine-{number}" for number in range(4)))
    meet(ledger, "one", "two", "one")
    assert [ledger.tallies(leg)[0].kept for leg in "abc"] == [4, 4, 4], "none has waited in vain"
    pids = {leg: met(tmp_path, leg) for leg in "abc"}
    assert {leg: len(found) for leg, found in pids.items()} == {"a": 2, "b": 2, "c": 2}
    assert len(pids["a"] | pids["b"] | pids["c"]) == 6, "crews went with their legs"
    wait_until(lambda: not workers(), "all workers gone", 60)


def test_legs_of_the_same_needs_share_their_workers(connected: Cluster, tmp_path: Path) -> None:
    ledger = listing(tmp_path / "set", *(f"{tmp_path}/fine-{number}" for number in range(4)))
    meet(ledger, "one", "one", "one")
    assert met(tmp_path, "a") == met(tmp_path, "b") == met(tmp_path, "c")


def metrics() -> list[str]:
    """The lines of all machines' endpoints."""
    lines: list[str] = []
    for node in ray.nodes():
        if node["Alive"]:
            where = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
            with urllib.request.urlopen(where) as answer:
                lines += [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return lines


def total(lines: Sequence[str], name: str, **labels: str) -> float:
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(f"ray_{name}{{") and all(label in line for label in wanted)
    )


def test_a_step_that_wants_a_gpu_is_refused_by_name(connected: Cluster, tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1")
    with pytest.raises(DeviceMissing, match=r"step 'hash' needs .* 0.5 GPU"):
        run(ledger, ClusterSettings(), gpus=0.5)
    assert ledger.names("sources") == []
    with pytest.raises(DeviceMissing, match="step 'hash' needs a GPU, and this machine has none"):
        inline.run(house(1, gpus=0.5), ledger, Seen(), clock=time.perf_counter, unseal=lambda: None, gpus=int)
    assert ledger.names("sources") == []


def test_a_machine_that_comes_later_is_waited_for(connected: Cluster, tmp_path: Path) -> None:
    """As in a cluster that grows when a worker waits for a place."""
    ledger = listing(tmp_path, "/v/fine-1")
    settings = ClusterSettings(machine_wait_s=60.0)
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(run, ledger, settings, gpus=0.5)
        time.sleep(2.0)
        assert not job.done()
        node = connected.add_node(num_cpus=1, num_gpus=1)
        seen = job.result()
    assert seen.last["groups"].done == 1
    connected.remove_node(node)


def test_a_machine_that_does_not_see_the_data_set(connected: Cluster, tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1")
    with pytest.raises(CannotBegin, match="does not see /nowhere"):
        run(ledger, ClusterSettings(workers=1), shared=[tmp_path, Path("/nowhere")])
    assert ledger.names("sources") == []


def test_without_tries_a_bug_stops_the_job_and_names_the_item(connected: Cluster, tmp_path: Path) -> None:
    ledger = listing(tmp_path, "/v/fine-1", "/v/bug-1")
    with pytest.raises(LapFailed, match="step 'hash' on item 'bug1'") as caught:
        run(ledger, ClusterSettings(workers=1), patience=Timeouts(tries=0))
    assert "KeyError" in caught.value.trace


def test_the_bytes_are_those_of_one_process(connected: Cluster, tmp_path: Path) -> None:
    uris = [f"/v/{what}-{n}" for n in range(4) for what in ("fine", "bad")]
    ours, theirs = listing(tmp_path / "a", *uris), listing(tmp_path / "b", *uris)
    run(ours, ClusterSettings(workers=2))
    inline.run(house(1), theirs, Seen(), clock=time.perf_counter, unseal=lambda: None, gpus=int)
    assert content(ours) == content(theirs)


@pytest.mark.long
def test_a_swapped_model(connected: Cluster, films: Path, undisturbed: Path, tmp_path: Path) -> None:
    ours, theirs = (shutil.copytree(undisturbed, tmp_path / name) for name in ("a", "b"))
    how: dict[str, Any] = {"clock": time.perf_counter, "unseal": lambda: None}
    run, two = swapped(films), ClusterSettings(workers=2)
    runner.run(legs(run, ours), Ledger(ours), Seen(), settings=two, **how)
    inline.run(legs(run, theirs), Ledger(theirs), Seen(), gpus=int, **how)
    assert landed(ours) == landed(theirs) != landed(undisturbed)


@pytest.mark.long
def test_from_store_to_store(connected: Cluster, store: Store, films: Path, tmp_path: Path) -> None:
    """The bytes of one process, and the keys of the store nowhere but in the environment."""
    for path in sorted((films / "videos").iterdir()):
        Place.at("s3://bucket/videos").put(path.name, path)
    alone = run_job(films, tmp_path / "alone", videos="s3://bucket/videos")
    assert alone.returncode == 0, alone.stderr
    with start("s3://bucket/videos", "s3://bucket/set", films / "truths", connected.address) as job:
        result, _ = job.communicate(timeout=240)
    assert job.returncode == 0, result
    out = Place.at("s3://bucket/set")
    shards = {entry.name: sha256(out.read(entry.name)) for entry in out.files("shards")}
    assert shards | {"index.parquet": sha256(out.read("index.parquet"))} == contents(tmp_path / "alone")
    secrets = [key.encode() for key in (ACCESS_KEY, SECRET_KEY, TOKEN)]
    session = Path(ray._private.worker._global_node.get_session_dir_path()) / "logs"
    outcome = [result.encode(), *(out.read(entry.name) for entry in out.files())]
    outcome += [path.read_bytes() for path in session.rglob("*") if path.is_file()]
    assert len(outcome) > 20
    assert not any(secret in text for text in outcome for secret in secrets)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_nothing_listens_beyond_this_machine(tmp_path: Path) -> None:
    """On a machine alone, in a process of its own: every socket of Ray and ours is on loopback.

    It is started in a folder with files of our packages' names, which Ray's workers look into first.
    """
    folder = taken_names(tmp_path / "mine")
    listing(tmp_path, "/v/fine-1", "/v/hang-1")
    code = f"""
import os, sys, time, json, threading
from pathlib import Path
from engine.runners.ray.loopback import keep_to_loopback
keep_to_loopback(os.environ, None)
from engine.runners.ray import cluster
from engine.runners.settings import ClusterSettings, Timeouts
from engine.ledger import Ledger
from tests.cluster.test_job import Seen
from tests.engine.runners.odd import house
import psutil
class Looking(Seen):
    def sights(self, sights):
        if any(s.spot and s.spot.key == "hang1" for s in sights):
            me = psutil.Process()
            found = {{c.laddr.ip for p in [me, *me.children(recursive=True)]
                     for c in p.net_connections(kind="inet") if c.status == psutil.CONN_LISTEN}}
            print("listening", json.dumps(sorted(found)), flush=True)
            os._exit(0)
os.chdir({str(folder)!r})
cluster.run(house(2), Ledger(Path({str(tmp_path)!r})), Looking(), clock=time.monotonic,
    unseal=lambda: None, settings=ClusterSettings(workers=1))
"""
    done = execute(sys.executable, "-c", code, env=os.environ | {"PYTHONPATH": str(ROOT)})
    output = re.search(r"listening (.*)", done.stdout)
    assert output, done.stderr
    assert json.loads(output[1])
    assert {ip.removeprefix("::ffff:") for ip in json.loads(output[1])} == {"127.0.0.1"}
