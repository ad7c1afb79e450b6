"""Which frames of a first pass become references of the second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from jobs.animation.second_pass import DrivenPart, boxes, covering, with_made
from model.sample.pixels import Pictures
from model.sample.segments import SEGMENT, Drive, Stretch
from pipeline.estimators.appearance.colours import ColourLayout
from pipeline.stages.control import Control, ControlSettings
from schemas.controls import Controlled
from tests.synth import Scene
from tests.tracked import tracked_of

SCENE = Scene(width=640, height=480, framing="half", num_frames=97, turn_deg=(-60.0, 60.0))
LOOK = np.full((480, 640, 3), (120, 90, 60), np.uint8)


def controlled(scene: Scene) -> Controlled:
    (made,) = Control(ControlSettings(canvas_area=640 * 480))(tracked_of(scene))
    return made


def drive(numbers: np.ndarray) -> Stretch:
    """Tells the numbers and nothing else."""
    return Stretch(torch.from_numpy(numbers), torch.empty(0), torch.empty(0), torch.empty(0))


class Film:
    """Gives every frame the same look, and writes its number into a corner."""

    def __init__(self, unlike: Iterable[int] = ()) -> None:
        self.unlike = set(unlike)
        self.frames: list[int] = []

    def __call__(self, references: Pictures, drive: Drive, frames: int) -> Iterator[Pictures]:
        for asked in np.array_split(np.arange(frames), 3):
            numbers = drive(asked).maps.numpy()
            self.frames += numbers.tolist()
            shown = np.stack([255 - LOOK if n in self.unlike else LOOK for n in numbers])
            shown[:, 0, 0, 0] = numbers
            yield shown


def played(
    scene: Scene, film: Film | None = None, *, given: int = 1, driver: Controlled | None = None
) -> tuple[list[int], list[str]]:
    """Driving frames of the references that a second pass adds, and what is said."""
    driver = driver or controlled(scene)
    person = controlled(replace(SCENE, num_frames=25))
    part = DrivenPart(driver=driver, controls=driver.controls, person=person, drive=drive)
    result: list[str] = []
    before = np.stack([LOOK] * given)
    after = with_made(before, part, film or Film(), ColourLayout().build(), result.append)
    assert np.array_equal(after[:given], before)
    return after[given:, 0, 0, 0].tolist(), result


@pytest.mark.parametrize("turn", [(-60.0, 60.0), (100.0, 260.0), (-180.0, 180.0), (190.0, 120.0)])
def test_the_extremes_and_the_median_of_the_drivers_turn_are_taken(turn: tuple[float, float]) -> None:
    film = Film()
    frames, result = played(replace(SCENE, turn_deg=turn), film)
    assert len(film.frames) == SEGMENT
    assert sorted(frames) == [0, 48, 96]
    assert len(result) == 3
    assert {line.split(": ")[2].split(",")[0] for line in result} == {"yaw_max", "yaw_min", "yaw_median"}
    assert all(f"frame {frame} of the drive" in line for frame, line in zip(frames, result, strict=True))


def test_a_frame_that_shows_someone_else_is_not_taken() -> None:
    frames, _ = played(SCENE, Film(unlike=[0, 1, 2]))
    assert 96 in frames
    assert 2 < min(frames) < 8


def test_where_the_driver_hardly_turns_frames_far_apart_are_taken() -> None:
    frames, result = played(replace(SCENE, turn_deg=(3.0, 5.0)))
    assert sorted(frames) == [0, 48, 96]
    assert "turns by less than 10 degrees" in result[0]
    assert all("apart" in line for line in result)


def test_no_more_than_four_references_and_then_those_of_other_sides() -> None:
    assert played(SCENE, given=2)[0] == [0, 96]
    assert played(SCENE, given=3)[0] in ([0], [96])
    with pytest.raises(ValueError, match="up to 4 in all, and 4 are given"):
        played(SCENE, given=4)


def test_a_short_drive_is_made_whole() -> None:
    film = Film()
    frames, _ = played(replace(SCENE, num_frames=40), film)
    assert film.frames == list(range(40))
    assert sorted(frames) == [0, 19, 39]


def test_a_driver_that_was_not_measured_gives_nothing() -> None:
    driver = controlled(replace(SCENE, num_frames=40))
    nothing = np.zeros(40, np.bool_)
    hidden = replace(driver, controls=replace(driver.controls, body_valid=nothing, face_valid=nothing))
    frames, result = played(SCENE, driver=hidden)
    assert frames == []
    assert result == ["second pass: the driver is measured in no frame of the first, nothing is added"]


def test_the_first_pass_covers_the_turn() -> None:
    yaw = np.zeros(400)
    yaw[101], yaw[237], yaw[399] = 2.0, -2.0, 9.0
    measured = np.arange(400) != 399
    numbers = covering(yaw, measured)
    assert len(numbers) == SEGMENT
    assert (np.diff(numbers) > 0).all()
    assert (numbers[0], numbers[-1]) == (0, 399)
    assert {101, 237} <= set(numbers.tolist())
    assert np.diff(numbers).max() < 13
    assert covering(np.zeros(74), np.ones(74, np.bool_)).tolist() == sorted({*range(74)} - {37})
    assert covering(yaw[:30], measured[:30]).tolist() == list(range(30))


def test_a_person_is_where_its_joints_and_its_head_are() -> None:
    controls = controlled(SCENE).controls
    found = boxes(controls, 480, 640)
    shown = controls.joints_score[5] >= 0.3
    crown = controls.head_center[5] - controls.head_radius[5]
    low = np.minimum(controls.joints2d[5, shown].min(axis=0), crown)
    np.testing.assert_allclose(found[5, :2], low)
    unseen = replace(
        controls,
        joints_score=np.zeros_like(controls.joints_score),
        head_radius=np.zeros_like(controls.head_radius),
    )
    assert boxes(unseen, 480, 640)[0].tolist() == [0, 0, 639, 479]
