"""Trainings of seconds on a small data set: stage after stage, stopped and gone on with."""

from __future__ import annotations

from pathlib import Path

from tests.model.train.runs import train, training


def test_a(data_set: Path, tmp_path: Path) -> None:
    notes = train(data_set, tmp_path, training())
    print(notes.losses, notes.folders, notes.changes)
    assert 0
