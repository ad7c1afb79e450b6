"""What all tests share: real clips, where they are present, a small data set, and an S3 server."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import pytest_randomly
from hypothesis import settings

from engine.runners import supervisor
from jobs.cli import main
from tests.once import once
from tests.processes import MARK, running_on, wait_until
from tests.resume.job import make_films, run_job
from tests.stored import write_data_set
from tests.stores import Store, serving
from tests.trained import train_on_all
from tests.warm.programs import warm_socket
from tests.warm.workers import WarmStart

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED", Path(__file__).resolve().parents[2] / "shared"))

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")  # machines are shared: no single example has a deadline


def seed_torch(seed: int) -> None:
    """Seed torch where a test has it: its processor alone, for others note each time who asked."""
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.manual_seed(seed)


pytest_randomly.entrypoint_reseeds = [seed_torch]  # in place of DeepSpeed's, which every process would import


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a shell runs behind itself
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started here can be interrupted
os.environ[MARK] = str(os.getpid())
os.environ.pop("COLUMNS", None)  # what commands print here goes to nobody's screen
# Torch is not read yet: its threads would spin on shared cores, and sums of one are the same everywhere.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.hookimpl(trylast=True)  # of the tests that are left once some are deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What may take long comes first in each process, so that none is left alone with it at the end.

    Processes begin with equal stretches of the list, and later take from each other's ends. Clusters stay in
    one process: two at a time would be too much for a small machine.
    """
    processes = int(getattr(config, "workerinput", {}).get("workercount", 1))
    long: dict[Path, list[pytest.Item]] = defaultdict(list)
    rest: list[pytest.Item] = []
    for item in items:
        place = item.path.parent if item.path.parent.name == "cluster" else item.path
        (rest if item.get_closest_marker("timeout") is None else long[place]).append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    limits_s = [0.0] * processes
    for of_place in sorted(long.values(), key=limit_s, reverse=True):
        process = limits_s.index(min(limits_s))
        limits_s[process] += limit_s(of_place)
        shares[process].extend(of_place)
    for share in shares[:-1]:
        room = max(0, len(items) // processes - len(share))
        share.extend(rest[:room])
        del rest[:room]
    items[:] = [*itertools.chain.from_iterable(shares), *rest]


def limit_s(items: list[pytest.Item]) -> float:
    """Seconds that the longest of each file may take, together."""
    limits = {item.path: 0.0 for item in items}
    for item in items:
        marker = item.get_closest_marker("timeout")
        limits[item.path] = max(limits[item.path], marker.args[0] if marker else 0.0)
    return sum(limits.values())


@pytest.fixture(autouse=True, scope="module")
def nothing_runs_on() -> Iterator[None]:
    """What tests of a module have started is gone when they are done: the next ones would meet it."""
    yield
    with suppress(AssertionError):
        wait_until(lambda: not running_on(), "gone", limit_s=30)
    assert running_on() == []


@pytest.fixture(autouse=True, scope="module")
def warm_workers() -> Iterator[None]:
    """Workers of jobs are forked; where their start is tested, a fixture of this name does nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "start_worker", WarmStart(warm_socket))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of shared test data, beside the checkout or named by UNDERSTUDY_SHARED."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}: put it beside the checkout or set UNDERSTUDY_SHARED")
    return SHARED


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """Folder with `clips/`, `images/` and `groundtruth/`."""
    return shared / "corpus"


@pytest.fixture(scope="session")
def hostile(shared: Path) -> Path:
    """The smallest files that once stopped a job."""
    return shared / "cases" / "hostile"


@pytest.fixture(scope="session")
def parity(shared: Path) -> Path:
    """Golden outputs of official networks."""
    return shared / "parity"


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a data set of synthetic figures, its maps stored beside the numbers; not to be changed."""
    return once(tmp_path_factory, "figures", write_data_set) / "set"


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short videos, one of them with nobody in it, and a copy."""
    return once(tmp_path_factory, "films", make_films)


@pytest.fixture(scope="session")
def undisturbed(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a job in one process makes of them when nobody disturbs it; the file "changes" lies beside it."""

    def make(folder: Path) -> None:
        done = run_job(films, folder / "set")
        assert done.returncode == 0, done.stderr
        (folder / "changes").write_text(done.stdout.split()[-1])

    return once(tmp_path_factory, "undisturbed", make) / "set"


REAL_CLIPS = ("full_04_balance_cam01.mp4", "half_05_sign_football.mp4", "talk_06_face_then_cartoon_vfr.mov")
"""A balancing man, whole, a signing woman, half, and a man who talks: 40, 50 and 58 frames."""


@pytest.fixture(scope="session")
def real_set(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """These clips as a data set of small canvases, by real estimators; not to be changed."""

    def make(folder: Path) -> None:
        (folder / "videos").mkdir()
        for name in REAL_CLIPS:
            (folder / "videos" / name).symlink_to(corpus / "clips" / name)
        words = ["curate", "--videos", str(folder / "videos"), "--out", str(folder / "set"), "--follow-links"]
        # the man's face is too small to be measured
        how = ["--settings.control.canvas-area", "28672", "--settings.reference.allow-no-face"]
        assert main([*words, *how]) == 0

    return once(tmp_path_factory, "real set", make) / "set"


@pytest.fixture(scope="session")
def short_run(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learned next to nothing, from every sample of the data set; not to be changed."""
    return once(tmp_path_factory, "short run", partial(train_on_all, data_set))


@pytest.fixture
def made(undisturbed: Path, tmp_path: Path) -> Path:
    """A data set that a job has finished, of the test's own."""
    return Path(shutil.copytree(undisturbed, tmp_path / "set"))


@pytest.fixture
def own_set(tmp_path: Path, data_set: Path) -> Path:
    """A copy of the data set, to be damaged."""
    return Path(shutil.copytree(data_set, tmp_path / "own set"))


@pytest.fixture(scope="session")
def server() -> Iterator[Store]:
    """An S3 server on this machine with an empty bucket "bucket"."""
    with serving() as store:
        yield store


@pytest.fixture
def cloud(server: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The server, named in the environment with keys that can be searched for; all goes well at first."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.fail()
    yield server
    server.fail()
