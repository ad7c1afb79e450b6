"""An atlas of a person: views that pictures and films gave, kept for later films of the same person.

Of each side, by framing and yaw, one view: a picture as it was given before a frame that a network made, the
sharper before the others. Frames pass the gates of references, and look like the first picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.animation.second_pass import DrivenPart, boxes, covering, looks_of, selected
from model.sample.pixels import Pictures
from pipeline.estimators.contracts import ImageEmbedder
from pipeline.references.candidates import on_one_branch
from pipeline.references.looks import sharpness, upright_square
from schemas.controls import Controlled, Framing, frames_of
from schemas.sample import MAX_REFERENCES

STEPS = 12
"""Steps of the yaw all around, in each of which an atlas has a view of each framing."""
EVERY = math.tau / STEPS
NEAR = math.radians(45)
"""A view shows the side that is wanted if its yaw is no further away."""
LIKE = 0.6
"""Least similarity of a view to the first picture: a reference of the same person from behind has 0.69, a
stranger 0.49, by the embedded backend."""
MAX_VIEWS = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class AtlasView:
    """A person from one side."""

    picture: Pictures
    """(h, w, 3)"""
    box: NDArray[np.float32]
    """Of the person, px: left, top, right, bottom."""
    yaw: float
    """rad"""
    framing: Framing
    similarity: float
    """To the first picture of its person, -1..1."""
    sharpness: float
    made: bool
    """A network made it; else it is a picture as it was given."""
    source: str
    """Name of the picture or of the driving video, and the frame."""

    @property
    def side(self) -> tuple[Framing, int]:
        """What it shows."""
        return self.framing, round(self.yaw / EVERY) % STEPS


def best(views: Iterable[AtlasView]) -> tuple[AtlasView, ...]:
    """A view of each side: given before made, then the sharpest; of too many sides the most alike."""
    ordered = sorted(views, key=lambda view: (view.made, -view.sharpness))
    sides = {view.side: view for view in reversed(ordered)}
    alike = sorted(sides.values(), key=lambda view: -view.similarity)[:MAX_VIEWS]
    return tuple(sorted(alike, key=lambda view: (view.framing, view.yaw)))


def yaw_of(driver: Controlled) -> NDArray[np.float64]:
    """Yaw of each frame (t,), rad, without jumps of a whole turn."""
    return on_one_branch([driver.controls.body_yaw.astype(np.float64)])[0]


def box_of(person: Controlled, picture: Pictures) -> NDArray[np.float32]:
    """Of the person in a picture (h, w, 3) on its canvas."""
    box: NDArray[np.float32] = boxes(frames_of(person.controls, np.array([0])), *picture.shape[:2])[0]
    return box


def appearance_vector(
    picture: Pictures, box: NDArray[np.float32], embed: ImageEmbedder
) -> NDArray[np.float32]:
    """The unit vector of a person in a picture (h, w, 3)."""
    vector: NDArray[np.float32] = embed(upright_square(picture, box)[None]).vectors[0]
    return vector


def as_given(picture: Pictures, person: Controlled, name: str) -> AtlasView:
    """The view of a picture (h, w, 3) on the canvas of its person."""
    box = box_of(person, picture)
    return AtlasView(
        picture=picture,
        box=box,
        yaw=float(yaw_of(person)[0]),
        framing=person.framing,
        similarity=1.0,
        sharpness=sharpness(upright_square(picture, box)),
        made=False,
        source=name,
    )


class Gathering:
    """Frames of a film that is being made, those that cover its driver's turn."""

    def __init__(self, part: DrivenPart) -> None:
        driven = part.driver.controls
        self.part, self.yaw = part, yaw_of(part.driver)
        self.numbers = covering(self.yaw, driven.body_valid | driven.face_valid)
        self.pictures: list[Pictures] = []

    def through(self, parts: Iterable[Pictures]) -> Iterator[Pictures]:
        """The film as it is, while some frames are kept; one that ends early ends what is kept."""
        first = 0
        for part in parts:
            inside = self.numbers[(self.numbers >= first) & (self.numbers < first + len(part))]
            self.pictures.append(part[inside - first])
            first += len(part)
            yield part
        self.numbers = self.numbers[self.numbers < first]

    def views(self, first: AtlasView, embed: ImageEmbedder, name: str) -> list[AtlasView]:
        """Views of the greatest, least and median yaw that pass the gates and look like the first picture."""
        pictures, part = np.concatenate(self.pictures), self.part
        shown = frames_of(part.controls, self.numbers)
        vector, looks = appearance_vector(first.picture, first.box, embed), looks_of(pictures, shown, embed)
        taken = selected(part.clip(self.numbers, looks), self.yaw[self.numbers], vector, MAX_VIEWS)
        found = boxes(shown, *pictures.shape[1:3])
        return [
            AtlasView(
                picture=pictures[one.source_frame],
                box=found[one.source_frame],
                yaw=one.yaw,
                framing=part.driver.framing,
                similarity=one.similarity,
                sharpness=one.sharpness,
                made=True,
                source=f"{name}, frame {self.numbers[one.source_frame]}",
            )
            for one in taken
            if one.similarity >= LIKE
        ]


def chosen(views: Sequence[AtlasView], driver: Controlled, given: int) -> list[AtlasView]:
    """Views of the greatest, least and median yaw that a driver shows, as many as there is room for."""
    yaw, left, taken = yaw_of(driver), list(views), list[AtlasView]()
    for wanted in (float(yaw.max()), float(yaw.min()), float(np.median(yaw))):
        near = [view for view in left if apart(view.yaw, wanted) <= NEAR]
        if near and given + len(taken) < MAX_REFERENCES:
            ranks = [(view.framing != driver.framing, apart(view.yaw, wanted)) for view in near]
            taken.append(near[ranks.index(min(ranks))])
            left = [view for view in left if view is not taken[-1]]
    return taken


def apart(yaw: float, other: float) -> float:
    """The angle between two yaws, rad."""
    return abs(math.remainder(yaw - other, math.tau))


def refuse_stranger(
    views: Sequence[AtlasView], vector: NDArray[np.float32], embed: ImageEmbedder, path: Path
) -> None:
    """Return where an atlas shows the person of a picture, by its unit vector.

    Raises:
        ValueError: it shows someone else.
    """
    alike = max(float(appearance_vector(view.picture, view.box, embed) @ vector) for view in views)
    if alike < LIKE:
        detail = f"likeness {alike:.2f}, least {LIKE}"
        raise ValueError(f"{path}: shows another person than the reference ({detail})")
