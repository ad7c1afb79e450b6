"""`understudy train --mirror`: a store that fails is asked again, and a new machine goes on from it."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from jobs.cli import main
from jobs.stored.mirrored import mirrored
from model.train import checkpoint
from model.train.mirror import Mirror
from storage.place import Place
from tests.stores import Store

URI = "s3://bucket/runs/two"
DEAD: dict[str, object] = {"match": "", "kind": 403}


@pytest.fixture
def run(short_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(short_run, tmp_path / "run"))


def kept() -> list[str]:
    return [name for name in (entry.name for entry in Place.at(URI).files()) if name.endswith("state.json")]


def test_a_training_goes_on_where_nothing_but_the_store_is_left(
    run: Path, cloud: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--out", str(run), "--mirror", URI]) == 0
    names = [folder.name for folder in checkpoint.checkpoints(run)]
    assert kept() == [f"checkpoints/{name}/state.json" for name in names]
    new = tmp_path / "new"
    assert main(["train", "--out", str(new), "--mirror", URI, "--steps", "9"]) == 0
    printed = capsys.readouterr().out
    assert f"from {URI}: {', '.join(names)}" in printed.replace("\n", " ")
    last = checkpoint.checkpoints(new)[-1].name
    assert last not in names
    assert f"checkpoints/{last}/state.json" in kept()


def test_a_store_that_fails_is_told_of_and_has_all_in_the_end(run: Path, cloud: Store) -> None:
    printed = io.StringIO()
    for entry in Place.at(URI).files():
        Place.at(URI).remove(entry.name)
    with mirrored(Mirror(run, Place.at(URI)), Console(file=printed, width=200)) as copies:
        cloud.fail(DEAD)
        copies.saved(run)
        copies.pushing.result()  # type: ignore[attr-defined]
        assert "not kept in the store yet: " in printed.getvalue()
        cloud.fail()
    assert len(kept()) == len(checkpoint.checkpoints(run))


def test_a_store_that_fails_to_the_end_ends_the_command(run: Path, cloud: Store, tmp_path: Path) -> None:
    mirror = Mirror(run, Place.at("s3://none/run"))
    with pytest.raises(OSError, match="s3://none"), mirrored(mirror, Console(quiet=True)):
        """Nothing was saved."""
