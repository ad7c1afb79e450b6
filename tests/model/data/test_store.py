"""The loader over an object store: the same batches, no tar that it does not need, patience, refusals."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
import torch

from dataset.index import read_index
from model.data.batch import Batch, tensors
from model.data.loader import Loader
from storage.place import Place
from tests.model.data import sets
from tests.processes import execute
from tests.stores import Store

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def uploaded(data_set: Path, cloud: Store, tmp_path: Path) -> str:
    """Address of the data set in a bucket."""
    place = Place.at(f"s3://bucket/{tmp_path.name}/a set")
    for path in sorted(path for path in data_set.rglob("*") if path.is_file()):
        place.put(path.relative_to(data_set).as_posix(), path)
    cloud.asked()
    return place.uri


def first(root: str, count: int, **changes: object) -> list[Batch]:
    return list(itertools.islice(Loader(root, sets.settings(**changes)), count))


def same(mine: list[Batch], theirs: list[Batch]) -> bool:
    return all(
        one.keys == other.keys
        and all(torch.equal(tensor, getattr(other, name)) for name, tensor in tensors(one).items())
        for one, other in zip(mine, theirs, strict=True)
    )


def test_batches_are_those_of_the_disk_whatever_the_store_answers_at_first(data_set, uploaded, cloud):
    expected = first(str(data_set), 5)
    assert same(first(uploaded, 5), expected)
    cloud.fail(
        {"match": "GET", "kind": 503, "share": 0.2},
        {"match": "GET", "kind": "cut", "share": 0.1},
        {"match": "GET", "kind": "slow", "share": 0.2},
        seed=3,
    )
    assert same(first(uploaded, 5), expected)
    assert any(asked.endswith(" 503") for asked in cloud.asked())


def test_resuming_asks_for_nothing_of_what_came_before(data_set, uploaded, cloud):
    loader = Loader(uploaded, sets.settings())
    for _ in itertools.islice(loader, 9):
        pass
    state = loader.state_dict()
    cloud.asked()
    resumed = Loader(uploaded, sets.settings(fetch_ahead_mib=0))
    resumed.load_state_dict(state)
    batch = next(iter(resumed))
    shard = {row.key: row.shard for row in read_index(data_set).rows()}
    asked = [unquote(line.split()[1]) for line in cloud.asked() if line.startswith("GET")]
    read = [line.partition("a set/")[2] for line in asked if ".tar" in line]
    assert sorted(read) == sorted(shard[key] for key in batch.keys)
    assert sum("index.parquet" in line for line in asked) == 1


def test_a_store_that_denies_is_one_sentence(uploaded, cloud):
    cloud.fail({"match": r"GET /bucket/.*\.tar", "kind": 403})
    with pytest.raises(OSError, match=r"\.tar.*denied"):
        first(uploaded, 1)
    with pytest.raises(FileNotFoundError, match=r"index\.parquet"):
        Loader(f"{uploaded}/nothing", sets.settings())


WORKERS = """
import itertools, sys
from model.data.loader import Loader
from tests.model.data import sets

if __name__ == "__main__":
    for batch in itertools.islice(Loader(sys.argv[1], sets.settings(workers=2)), 6):
        print(",".join(batch.keys), int(batch.video.sum()), flush=True)
"""


def test_workers_read_from_the_store(data_set, uploaded, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(WORKERS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = execute(sys.executable, script, uploaded, env=environment)
    expected = [f"{','.join(batch.keys)} {int(batch.video.sum())}" for batch in first(str(data_set), 6)]
    assert result.stdout.splitlines() == expected, result.stderr
