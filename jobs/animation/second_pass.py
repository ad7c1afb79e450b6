"""References that the network makes itself: a first pass shows the person from the driver's sides.

method.md 6, two-stage inference: 73 frames of the driving video that cover its turn are made from the
references at hand. Of these the pipeline's own rule takes three by the driver's yaw, among those that pass
its gates, where likeness is that to the first reference. The second pass, the video itself, is made from all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.sample.pixels import Pictures
from model.sample.segments import SEGMENT, Drive
from pipeline.estimators.contracts import ImageEmbedder
from pipeline.references.candidates import of_member, on_one_branch
from pipeline.references.looks import sharpness, upright_square
from pipeline.stages.reference import ReferenceSettings, by_yaw, whole_frames
from schemas.controls import Controlled, Controls, frames_of
from schemas.drawing import DRAW_SCORE
from schemas.sample import MAX_REFERENCES, Reference
from schemas.tracks import Appearance

SETTINGS = ReferenceSettings()

Whole = NDArray[np.int64]
Film = Callable[[Pictures, Drive, int], Iterable[Pictures]]
"""Makes so many frames of a drive, given references, part by part."""


@dataclass(frozen=True, kw_only=True)
class DrivenPart:
    """What is played: a driver, and its controls on the canvas of the reference."""

    driver: Controlled
    controls: Controls
    person: Controlled
    """The reference's, whose canvas is used."""
    drive: Drive
    """What draws the driver's frames on that canvas."""

    def clip(self, numbers: Whole, looks: Appearance) -> Controlled:
        """The frames of these numbers as a clip of its own, as the pipeline makes them of videos."""
        return replace(
            self.person,
            clip=replace(self.driver.clip, first_frame=0, num_frames=len(numbers)),
            framing=self.driver.framing,
            controls=frames_of(self.controls, numbers),
            appearance=looks,
        )


def room_for(references: int) -> int:
    """How many references a second pass may add.

    Raises:
        ValueError: none.
    """
    if references >= MAX_REFERENCES:
        raise ValueError(
            f"a second pass adds references up to {MAX_REFERENCES} in all, and {references} are given"
        )
    return MAX_REFERENCES - references


def with_made(
    references: Pictures, part: DrivenPart, film: Film, embed: ImageEmbedder, say: Callable[[str], None]
) -> Pictures:
    """The references (K, h, w, 3), the primary one first, and those of a first pass behind them."""
    room = room_for(len(references))
    driven = part.driver.controls
    yaw = on_one_branch([driven.body_yaw.astype(np.float64)])[0]
    numbers = covering(yaw, driven.body_valid | driven.face_valid)
    parts = film(references, lambda asked: part.drive(numbers[asked]), len(numbers))
    pictures = np.concatenate(list(parts))
    looks = looks_of(pictures, frames_of(part.controls, numbers), embed)
    primary = looks_of(references[:1], frames_of(part.person.controls, np.array([0])), embed).vectors[0]
    taken = selected(part.clip(numbers, looks), yaw[numbers], primary, room)
    for line in lines_of(taken, numbers):
        say(line)
    return np.concatenate([references, pictures[[one.source_frame for one in taken]]])


def covering(yaw: NDArray[np.float64], measured: NDArray[np.bool_]) -> Whole:
    """At most 73 numbers of frames in order: spread evenly, and those of greatest, least and median yaw."""
    if len(yaw) <= SEGMENT:
        return np.arange(len(yaw))
    numbers = np.rint(np.linspace(0, len(yaw) - 1, SEGMENT)).astype(np.int64)
    seen, free = np.flatnonzero(measured), np.ones(SEGMENT, np.bool_)
    for index, _ in by_yaw(yaw[seen], np.zeros(len(seen), np.bool_), 0.0, np.zeros(len(seen))):
        place = int(np.where(free, np.abs(numbers - seen[index]), np.inf).argmin())
        numbers[place], free[place] = seen[index], False
    return np.sort(numbers)


def looks_of(pictures: Pictures, controls: Controls, embed: ImageEmbedder) -> Appearance:
    """How the person of the controls looks in each picture."""
    squares = np.stack(
        [upright_square(*pair) for pair in zip(pictures, boxes(controls, *pictures.shape[1:3]), strict=True)]
    )
    unseen = np.zeros(len(pictures), np.float32)
    return Appearance(
        frames=np.arange(len(pictures), dtype=np.int32),
        vectors=embed(squares).vectors,
        sharpness=np.array([sharpness(square) for square in squares], np.float32),
        face_sharpness=unseen,
        hand_sharpness=unseen,
        eyes_open=unseen,
    )


def boxes(controls: Controls, height: int, width: int) -> NDArray[np.float32]:
    """Boxes (t, 4) around the joints that are drawn and the head; the picture where there is nothing."""
    center, radius = controls.head_center, controls.head_radius[:, None]
    points = np.concatenate([controls.joints2d, np.stack([center - radius, center + radius], axis=1)], axis=1)
    shown = np.concatenate([controls.joints_score >= DRAW_SCORE, np.repeat(radius > 0, 2, axis=1)], axis=1)
    low, high = (np.where(shown[..., None], points, edge) for edge in (np.inf, -np.inf))
    found = np.concatenate([low.min(axis=1), high.max(axis=1)], axis=1)
    any_shown = shown.sum(axis=1, keepdims=True) > 0
    return np.where(any_shown, found, [0, 0, width - 1, height - 1]).astype(np.float32)


def selected(
    made: Controlled, yaw: NDArray[np.float64], primary: NDArray[np.float32], room: int
) -> tuple[Reference, ...]:
    """Frames of the first pass that become references, most frontal first; the most turned if few fit."""
    pool, _ = of_member(0, made, yaw, primary.astype(np.float64), SETTINGS.seen_score).gated()
    if not len(pool):
        return ()
    return whole_frames(pool, np.zeros(len(pool), np.bool_), [made.to_canvas], SETTINGS)[-room:]


def lines_of(taken: tuple[Reference, ...], numbers: Whole) -> Iterator[str]:
    """Which frames became references, and why: a line each."""
    if not taken:
        yield "second pass: the driver is measured in no frame of the first, nothing is added"
    elif taken[0].why == "apart":
        few = f"{SETTINGS.min_spread_deg:g} degrees"
        yield f"second pass: the driver turns by less than {few}, frames far apart are taken"
    for one in taken:
        yield (
            f"second pass: frame {numbers[one.source_frame]} of the drive is a reference: {one.why}, "
            f"yaw {np.degrees(one.yaw):.0f} degrees, {one.similarity:.2f} like the first"
        )
