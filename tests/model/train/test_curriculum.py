"""Canvases and windows that grow from phase to phase, stopped anywhere and gone on with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dataset.index import read_index
from dataset.names import SOURCE_DIGITS
from model.data.loader import Loader
from model.train import checkpoint
from model.train.curriculum import loaders, under
from model.train.phases import body, change, everything
from model.train.seen import seen_by
from model.train.settings import Training
from model.train.starts import Start, note_start
from storage.place import Place
from tests.model.data import sets
from tests.model.train.runs import Notes, copy_until, train, trainer, training

SMALL, LONG = 96 * 64, 29
"""Px of the first phase's canvases, and frames of the last one's windows."""
PHASES = (
    replace(body(3), area=SMALL, max_frames=25),
    replace(everything(2), name="middle", max_frames=25),
    replace(everything(3), max_frames=LONG),
)


def growing() -> Training:
    order = replace(sets.settings().order, max_tokens=500)
    return training(phases=PHASES, loader=sets.settings(order=order), keep=99, save_every=1)


@pytest.fixture(scope="module")
def whole(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Notes]:
    run = tmp_path_factory.mktemp("growing")
    return run, train(data_set, run, growing())


def test_each_phase_shows_its_own_canvases_and_windows(whole: tuple[Path, Notes]) -> None:
    shown: dict[str, list[tuple[int, ...]]] = {}
    for step in whole[1].steps:
        shown.setdefault(step.phase, []).extend(step.shown)
    areas = {name: {height * width for _, _, height, width, _ in sizes} for name, sizes in shown.items()}
    frames = {name: {sides[1] for sides in sizes} for name, sizes in shown.items()}
    assert max(areas["body"]) <= SMALL < min(areas["middle"])
    assert frames["body"] == frames["middle"] == {25}
    assert LONG in frames["everything"] <= {25, LONG}


def test_a_phase_of_another_order_begins_the_next_epoch(whole: tuple[Path, Notes], data_set: Path) -> None:
    states = {folder.name: checkpoint.train_state(folder) for folder in checkpoint.checkpoints(whole[0])}
    ends = [states[name].loader for name in ("1-000003", "2-000001", "2-000002", "3-000001")]
    epochs = [end["epoch"] for end in ends]
    assert epochs[1] == epochs[0] + 1
    assert epochs[3] == epochs[2] + 1
    assert len({end["order"] for end in ends}) == 3


@pytest.mark.parametrize("last", ["1-000002", "1-000003", "2-000001", "3-000002"])
def test_a_run_goes_on_as_if_nothing_had_happened(
    data_set: Path, whole: tuple[Path, Notes], tmp_path: Path, last: str
) -> None:
    run, notes = whole
    copy_until(run, last, tmp_path)
    again = train(data_set, tmp_path, growing())
    assert again.steps
    same = notes.steps[-len(again.steps) :]
    assert [step.metrics for step in again.steps] == [step.metrics for step in same]


def test_where_all_phases_show_the_same_the_loader_is_one(data_set: Path) -> None:
    settings = training()
    loader = Loader(str(data_set), settings.loader)
    assert loaders(settings, loader) == {("body", "face", "everything"): loader}
    found = loaders(growing(), Loader(str(data_set), growing().loader))
    assert list(found) == [("body",), ("middle",), ("everything",)]


def test_a_loader_that_has_given_nothing_begins_at_the_first_epoch(data_set: Path) -> None:
    loader = Loader(str(data_set), growing().loader)
    assert under(loader, growing().loader_in(PHASES[0])).position.epoch == 0
    next(iter(loader))
    assert under(loader, growing().loader_in(PHASES[0])).position.epoch == 1


def test_windows_that_are_none_are_refused_before_the_first_step() -> None:
    with pytest.raises(ValueError, match="25 to 21 frames: the range is empty"):
        training(phases=(body(1), replace(everything(1), max_frames=21)))


def test_what_a_checkpoint_has_seen_is_known_in_each_phase(
    data_set: Path, whole: tuple[Path, Notes], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(whole[0], tmp_path / "run"))
    index = read_index(data_set)
    start = Start(
        data=(str(data_set),),
        index_sha256=(index.digest,),
        canvas_area=SMALL,
        recipe="tiny",
        settings=growing().as_plain(),
        ranks=1,
        device="cpu",
        code="",
        versions={},
    )
    note_start(run, start)
    sources = {row.key[:SOURCE_DIGITS] for row in index.rows()}
    found = [one.samples for one in seen_by(run, Place.at(data_set), sources)]
    assert len(found) == 8
    assert None not in found
    assert found[-1] == len(index)


def test_what_changes_is_told() -> None:
    found = change(PHASES[0], PHASES[1])
    assert "loader: an order of other canvases and windows, from its next epoch" in found.created
    assert "loader: goes on in its order" not in found.kept
    assert "loader: goes on in its order" in change(body(1), everything(1)).kept


def test_other_canvases_are_other_settings(data_set: Path, whole: tuple[Path, Notes]) -> None:
    others = replace(growing(), phases=(*PHASES[:2], replace(PHASES[2], area=SMALL)))
    with pytest.raises(ValueError, match=r"--settings.phases.2.area: None before, 6144 now"):
        trainer(data_set, whole[0], others, Notes())
