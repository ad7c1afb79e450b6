"""A run kept in a store: whole or not at all there, and gone on with from there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.train import checkpoint
from model.train.mirror import Mirror
from storage.place import Place
from tests.stores import Store

URI = "s3://bucket/runs/one"


@pytest.fixture
def run(short_run: Path, tmp_path: Path) -> Path:
    """A run of one's own, with the checkpoints of its phases."""
    return Path(shutil.copytree(short_run, tmp_path / "run", ignore=shutil.ignore_patterns("understudy*")))


@pytest.fixture
def store(cloud: Store) -> Place:
    place = Place.at(URI)
    for entry in place.files():
        place.remove(entry.name)
    return place


def contents(run: Path) -> dict[str, bytes]:
    return {
        file.relative_to(run).as_posix(): file.read_bytes()
        for file in sorted(run.rglob("*"))
        if file.is_file() and not file.name.startswith(".") and "running" not in file.name
    }


def test_what_was_kept_comes_back(run: Path, store: Place, tmp_path: Path) -> None:
    Mirror(run, store).push()
    new = Mirror(tmp_path / "new", store)
    new.begin()
    assert [file.name for file in new.run.iterdir()] == ["run.json"]
    names = [folder.name for folder in checkpoint.checkpoints(run)]
    assert len(names) > 1
    assert new.fetch() == names
    assert contents(new.run) == contents(run)
    assert new.fetch() == []


def test_the_state_of_a_checkpoint_is_written_last(run: Path, store: Place, cloud: Store) -> None:
    cloud.asked()
    Mirror(run, store).push()
    written = [line for line in cloud.asked() if line.startswith(("PUT", "POST")) and "/checkpoints/" in line]
    number = checkpoint.checkpoints(run)[0].name
    own = [line for line in written if f"/{number}/" in line]
    assert "state.json" in own[-1]
    assert not any("state.json" in line for line in own[:-1])


def test_half_a_copy_is_no_checkpoint_and_the_next_one_makes_it_whole(
    run: Path, store: Place, tmp_path: Path
) -> None:
    Mirror(run, store).push()
    last = checkpoint.checkpoints(run)[-1].name
    store.remove(f"checkpoints/{last}/state.json")
    new = Mirror(tmp_path / "new", store)
    assert last not in new.fetch()
    assert not (new.run / "checkpoints" / last).exists()
    Mirror(run, store).push()
    assert new.fetch() == [last]
    assert contents(new.run) == contents(run)


def test_what_the_folder_gives_up_leaves_the_store(run: Path, store: Place) -> None:
    Mirror(run, store).push()
    shutil.rmtree(checkpoint.checkpoints(run)[0])
    Mirror(run, store).push()
    assert {entry.name for entry in store.files()} == set(contents(run))


def test_the_folder_that_is_further_is_left_as_it_is(run: Path, store: Place) -> None:
    Mirror(run, store).push()
    early, late = checkpoint.checkpoints(run)[0], checkpoint.checkpoints(run)[-1]
    store.remove(f"checkpoints/{late.name}/state.json")
    shutil.rmtree(early)
    before = contents(run)
    assert Mirror(run, store).fetch() == []
    assert contents(run) == before


def test_another_run_is_not_mixed_in(run: Path, store: Place) -> None:
    Mirror(run, store).push()
    file = run / "run.json"
    file.write_text(file.read_text().replace('"tiny"', '"wan_1b"', 1))
    with pytest.raises(ValueError, match="another run than that of"):
        Mirror(run, store).fetch()
    assert not list(run.glob(".run*"))


def test_files_of_other_names_stay_where_they_are(run: Path, store: Place, tmp_path: Path) -> None:
    Mirror(run, store).push()
    for name in (
        "notes.txt",
        "checkpoints/9-000001/weights/x.pkl",
        "curves/deep/er",
        "checkpoints/1-1/state.json",
    ):
        store.write(name, b"?")
    new = Mirror(tmp_path / "new", store)
    new.fetch()
    assert contents(new.run) == contents(run)


def test_a_folder_is_no_mirror_of_itself(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="and not in itself"):
        Mirror(tmp_path, Place.at(tmp_path))
