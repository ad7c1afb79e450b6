"""A training leaves out what a deny list names: no draw of it, on neither side; the list may lie anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dataset.index import read_index
from model.data.loader import Loader
from model.data.settings import LoaderSettings
from tests.model.data import sets


def denying(path: Path) -> LoaderSettings:
    settings = sets.settings()
    return replace(settings, order=replace(settings.order, deny=str(path), held_out=0.3))


def test_what_is_denied_is_on_neither_side_and_wherever_the_list_lies(data_set: Path, tmp_path: Path) -> None:
    keys = [row.key for row in read_index(data_set).rows()]
    (tmp_path / "deny.txt").write_text(f"{keys[0]}\tcopies\n{keys[5]}\tleak,copies\n")
    (tmp_path / "moved.txt").write_text(f"{keys[5]}\n{keys[0]}\n")
    loader, moved = (Loader(str(data_set), denying(tmp_path / name)) for name in ("deny.txt", "moved.txt"))
    assert loader.drawn.held_out is not None
    both = [row.key for side in (loader.drawn.index, loader.drawn.held_out) for row in side.parts[0].rows()]
    assert sorted(both) == [key for key in keys if key not in (keys[0], keys[5])]
    assert loader.order.digest == moved.order.digest
    (tmp_path / "other.txt").write_text(f"{keys[0]}\n")
    assert Loader(str(data_set), denying(tmp_path / "other.txt")).order.digest != loader.order.digest
