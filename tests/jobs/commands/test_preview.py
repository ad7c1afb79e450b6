"""`understudy preview`: which samples are shown, sheet after sheet, and what cannot be written says so."""

from __future__ import annotations

from dataclasses import fields, replace
from math import degrees, radians
from pathlib import Path

import cv2
import numpy as np
import pytest

from dataset.arrays import unpack
from dataset.index import read_index
from jobs.cli import main
from jobs.commands.preview import (
    beside_range,
    drawn_frames,
    members_of,
    on_sheet,
    range_of,
    write_picture,
)
from jobs.console.contact_sheets import overlay
from schemas.controls import Controls
from schemas.sample import TRACKS
from storage.place import Place


def test_sheets_come_one_after_the_other(data_set: Path, tmp_path: Path, capsys) -> None:
    args = ["preview", str(data_set), "--out", str(tmp_path), "--samples", "3", "--per-sheet", "2"]
    assert main(args) == 0
    lines = [line.split(":")[0].split(";")[0] for line in capsys.readouterr().out.splitlines()]
    first, second = (f"wrote {tmp_path / name}" for name in ("sheet_000.png", "sheet_001.png"))
    assert lines == ["1 of 3", "2 of 3", first, "3 of 3", second]
    assert cv2.imread(str(tmp_path / "sheet_001.png")) is not None


def test_a_sheet_draws_the_frames_that_it_shows_alone(data_set: Path) -> None:
    row = read_index(data_set).rows()[0]
    members = members_of(Place.at(data_set), row)
    controls = Controls(**unpack(members[TRACKS]))
    numbers = on_sheet(controls)
    assert {0, row.frames - 1} < set(numbers)
    assert len(numbers) <= 12 < row.frames
    shown, every = (drawn_frames(members, controls, row, which) for which in (numbers, range(row.frames)))
    for part in fields(shown):
        some, whole = getattr(shown, part.name), getattr(every, part.name)
        assert list(some) == numbers
        assert list(whole) == list(range(row.frames))
        assert all(np.array_equal(some[t], whole[t]) for t in numbers)


def test_what_cannot_be_written_is_no_success(data_set: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "sheet_000.png").mkdir()
    args = ["preview", str(data_set), "--out", str(tmp_path), "--samples", "1"]
    assert main(args) == 2
    assert capsys.readouterr().err == f"understudy: {tmp_path / 'sheet_000.png'}: Is a directory\n"
    (tmp_path / f"{read_index(data_set).rows()[0].key}.mp4").mkdir()
    assert main([*args, "--videos"]) == 2
    output = capsys.readouterr().err
    assert "Traceback" not in output
    assert output.count("\n") == 1
    with pytest.raises(OSError, match="name it so"):
        write_picture(tmp_path / "a.jpg", np.zeros((2, 2, 3), np.uint8))


def test_a_frame_is_as_bright_as_it_is_where_nothing_is_drawn() -> None:
    frames = np.full((2, 4, 4, 3), 200, np.uint8)
    skeleton, sphere = np.zeros_like(frames), np.zeros_like(frames)
    skeleton[0, 1, 1] = (255, 0, 0)
    sphere[1, 2, 2] = (0, 100, 0)
    laid = overlay(frames, skeleton, sphere)
    assert laid[0, 1, 1].tolist() == [235, 70, 70]
    assert laid[1, 2, 2].tolist() == [70, 118, 70]
    laid[0, 1, 1] = laid[1, 2, 2] = 200
    assert (laid == 200).all()


def test_yaws_of_references_are_told_on_the_turn_of_their_sample(data_set: Path) -> None:
    row = replace(read_index(data_set).row(0), yaw_min=radians(170), yaw_max=radians(250))
    assert range_of(row) == "yaw 170 to 250°"
    assert round(degrees(beside_range(radians(-117), row))) == 243
    assert round(degrees(beside_range(radians(200), row))) == 200
    row = replace(row, yaw_min=radians(-9), yaw_max=radians(369))
    assert range_of(row) == "yaw all around"
    assert beside_range(radians(-117), row) == radians(-117), "it is among what is swept as it is"
