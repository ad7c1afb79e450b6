"""Checkpoints that are written while training goes on."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from model.train import checkpoint
from model.train.checkpoint import Snapshot
from model.train.loop import StepMetrics
from model.train.phases import body
from tests.model.train.runs import Notes, train, trainer, training

write = Snapshot.write


class Releasing(Notes):
    """Lets a held-up save go on once so many steps have been taken."""

    def __init__(self, release: Event, after: int) -> None:
        super().__init__()
        self.release, self.after = release, after
        self.at: list[int] = []
        """Steps that had been taken when a checkpoint was there."""

    def stepped(self, step: StepMetrics) -> None:
        super().stepped(step)
        if step.total == self.after:
            self.release.set()

    def saved(self, folder: Path) -> None:
        super().saved(folder)
        self.at.append(len(self.steps))


def held_up(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Saves wait for this before they write anything."""
    release = Event()

    def late(self: Snapshot) -> None:
        assert release.wait(60)
        write(self)

    monkeypatch.setattr(Snapshot, "write", late)
    return release


def test_steps_are_taken_while_a_checkpoint_is_written_and_it_holds_what_was(
    data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = training(phases=(body(6),), save_every=3, keep=9)
    plain = train(data_set, tmp_path / "plain", settings)
    notes = Releasing(held_up(monkeypatch), after=5)
    trainer(data_set, tmp_path / "late", settings, notes).train()
    assert notes.losses == plain.losses
    first, last = notes.at
    assert first >= 5
    assert last == 6
    for name in ("1-000003", "1-000006"):
        one, other = (checkpoint.folder_of(tmp_path / run, name) for run in ("plain", "late"))
        files = sorted(file.relative_to(one) for file in one.rglob("*.safetensors"))
        assert files == sorted(file.relative_to(other) for file in other.rglob("*.safetensors"))
        assert all((one / file).read_bytes() == (other / file).read_bytes() for file in files)


def test_what_goes_wrong_in_a_save_ends_the_run_and_the_one_before_is_whole(
    data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = training(phases=(body(6),), save_every=2)

    def full(self: Snapshot) -> None:
        write(self)
        if self.state.step == 4:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Snapshot, "write", full)
    with pytest.raises(OSError, match="No space left"):
        train(data_set, tmp_path / "run", settings)
    assert [folder.name for folder in checkpoint.checkpoints(tmp_path / "run")] == ["1-000002"]
    monkeypatch.setattr(Snapshot, "write", write)
    assert train(data_set, tmp_path / "run", settings).steps[0].step == 3


def test_a_save_that_is_not_behind_is_there_before_the_next_step(data_set: Path, tmp_path: Path) -> None:
    notes = Releasing(Event(), after=0)
    settings = training(phases=(body(4),), save_every=1, save_behind=False, keep=9)
    trainer(data_set, tmp_path, settings, notes).train()
    assert notes.at == [1, 2, 3, 4]
