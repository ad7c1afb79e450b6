"""The jobs that are disturbed: on disk, in a store that fails, on Ray, and trainings."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.faults.kills import Scenario, Seen, driver, finished, workers
from dataset.names import RUNNING
from storage.place import Place
from tests.cluster.small import workers as actors
from tests.jobs.commands.test_train import curve
from tests.resume.job import make_films
from tests.stored import write_shards
from tests.stores import Store, serving
from tests.trained import SHORT

FAULTS: tuple[dict[str, object], ...] = tuple(
    {"match": ".", "kind": kind, "share": share}
    for kind, share in ((503, 0.01), ("reset", 0.01), ("cut", 0.005), ("slow", 0.01))
)
PASSING = re.compile(r"run\.json|.*\.done")
"""Files whose bytes tell of times and starts: that they are there is compared."""
UPLOAD = re.compile(r"<Upload>.*?<Key>(.*?)</Key>", re.DOTALL)
JOB = (sys.executable, "-m", "tests.resume.job")
RAY = (sys.executable, "-m", "tests.cluster.job")
TRAIN = (sys.executable, "-m", "jobs.cli", "train")
ONE = {"OMP_NUM_THREADS": "1"}
"""Threads of a small training: with more, most of its time is spent waiting for them."""
GRACE_S = 10.0
"""So long may actors take to end."""


@dataclass(frozen=True)
class Ground:
    """What the jobs work on."""

    folder: Path
    store: Store

    @property
    def truths(self) -> str:
        """The folder of what the fakes know."""
        return str(self.folder / "truths")

    def on_disk(self, name: str) -> list[str]:
        """A curation of a folder into another."""
        return [*JOB, str(self.folder / "videos"), str(self.folder / name), self.truths]

    def in_store(self, name: str) -> list[str]:
        """A curation in a store."""
        return [*JOB, "s3://bucket/videos", f"s3://bucket/{name}", self.truths]

    def on_ray(self, name: str, *, address: str) -> list[str]:
        """A curation of a folder into another on a cluster."""
        return [*RAY, str(self.folder / "videos"), str(self.folder / name), self.truths, address]

    def from_disk(self, name: str) -> list[str]:
        """A training of seconds."""
        return [*TRAIN, "--data", str(self.folder / "figures"), "--out", str(self.folder / name), *SHORT]

    def from_store(self, name: str) -> list[str]:
        """A training of seconds on a set in the store."""
        return [*TRAIN, "--data", "s3://bucket/figures", "--out", str(self.folder / name), *SHORT]

    def files(self, name: str) -> Seen:
        """All that a curation on disk made."""
        return seen(Place.at(self.folder / name))

    def files_and_actors(self, name: str) -> Seen:
        """All that a curation on a cluster made, and its processes that do not end."""
        until = time.monotonic() + GRACE_S
        while actors() and time.monotonic() < until:
            time.sleep(0.2)
        return {**self.files(name), **{f"actor {process.pid}": "" for process in actors()}}

    def objects(self, name: str) -> Seen:
        """All that a curation in the store made, parts of uploads that nobody ended too."""
        self.store.fail()
        half = UPLOAD.findall(self.store.ask("GET", "/bucket?uploads").decode())
        uploads = {f"half of {key}": "" for key in half if key.startswith(f"{name}/")}
        return {**seen(Place.at(f"s3://bucket/{name}")), **uploads}

    def learned(self, name: str) -> Seen:
        """All that a training made, and its losses."""
        losses = {f"loss {step}": repr(loss) for step, loss in curve(self.folder / name, "loss").items()}
        made = {file: text for file, text in self.files(name).items() if not file.startswith("curves/")}
        return {**made, **losses}


def seen(place: Place) -> Seen:
    """Digests of all files of a place but of those that tell of times."""
    return {
        entry.name: ""
        if PASSING.fullmatch(entry.name)
        else hashlib.sha256(place.read(entry.name)).hexdigest()
        for entry in place.files()
        if entry.name != RUNNING
    }


def measured(scenario: Scenario) -> Scenario:
    """The scenario with what an undisturbed job makes, and how long that takes."""
    name, began = f"{scenario.name.replace(' ', '-')}-undisturbed", time.monotonic()
    result = finished(scenario.command(name), {**os.environ, **scenario.env})
    if result:
        raise RuntimeError(f"{scenario.name}: {result}")
    took_s = time.monotonic() - began
    return replace(scenario, expected=scenario.seen(name), undisturbed_s=took_s)


def local(ground: Ground) -> dict[str, tuple[int, Scenario]]:
    """The scenarios without a cluster, each with how many jobs it is tried on."""
    plain, store = partial(Scenario, env=ONE), partial(Scenario, env={**ONE, **ground.store.environment})
    failing = partial(store, prepare=lambda seed: ground.store.fail(*FAULTS, seed=seed))
    listed = (
        (13, plain(name="drivers", command=ground.on_disk, victims=driver, seen=ground.files)),
        (13, plain(name="workers", command=ground.on_disk, victims=workers, seen=ground.files)),
        (
            10,
            failing(
                name="drivers, failing store", command=ground.in_store, victims=driver, seen=ground.objects
            ),
        ),
        (7, plain(name="trainers", command=ground.from_disk, victims=driver, seen=ground.learned)),
        (
            5,
            failing(
                name="trainers, failing store", command=ground.from_store, victims=driver, seen=ground.learned
            ),
        ),
    )
    return {scenario.name: (jobs, scenario) for jobs, scenario in listed}


def clustered(ground: Ground, address: str) -> dict[str, tuple[int, Scenario]]:
    """The scenarios on a cluster."""
    command = partial(ground.on_ray, address=address)
    plain = partial(Scenario, env=ONE, command=command, seen=ground.files_and_actors)
    listed = (
        (3, plain(name="drivers, Ray", victims=driver)),
        (5, plain(name="workers, Ray", victims=lambda _: actors())),
    )
    return {scenario.name: (jobs, scenario) for jobs, scenario in listed}


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Films, a set to train on, and a store with both."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "made").exists():
        make_films(folder)
        (folder / "scenes").mkdir()
        write_shards(folder / "figures", folder / "scenes")
        (folder / "made").touch()
    with serving() as store:
        os.environ.update(store.environment)
        for part in ("videos", "figures"):
            for entry in Place.at(folder / part).files():
                Place.at(f"s3://bucket/{part}").put(entry.name, folder / part / entry.name)
        yield Ground(folder, store)
