"""The reference in a standard pose, as an editor makes it: there bones show their length (method.md 5).

Several edits are made and measured by the estimators that the user has chosen. One is taken if all joints are
seen, if it looks like the picture, and if head and torso keep their proportion, for editors shrink heads; of
those the likest. Where none is, the picture is measured as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from dataset.arrays import pack, unpack_file
from jobs.animation.atlas import LIKE, appearance_vector, box_of
from jobs.animation.people import PersonReader, figure_of, on_canvas
from model.sample.pixels import Pictures
from model.sample.retarget import SEEN, Figure
from schemas.controls import Controlled
from schemas.joints import J
from storage.disk import cache_folder
from storage.place import Place

SENTENCE = (
    "The same person stands upright and faces the camera, arms hanging about 30 degrees away from the body, "
    "legs slightly apart, the whole body in the picture. Same face, same body, same clothes, same "
    "background, same distance to the camera."
)
SEEDS = 4
"""Edits that are made of a picture."""
HEAD = 0.15
"""Most change of the head's size, relative to the torso."""
LIMBS = [J[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "elbow", "wrist", "hip")]
TRUNK = [J[name] for name in ("neck", "left_hip", "right_hip")]
LARGEST = 2**26
"""Bytes of an edit that is kept."""


class Editor(Protocol):
    """Edits pictures."""

    digest: str
    """Of all that its edits depend on besides what it is asked."""

    def __call__(self, picture: Pictures, sentence: str, seed: int, /) -> Pictures:
        """The picture (h, w, 3) as a sentence says."""
        ...


@dataclass(frozen=True, kw_only=True)
class EditScore:
    """How much an edit is worth."""

    seen: float
    """Least score of a joint of arms and hips."""
    similarity: float
    """Of the looks, -1..1."""
    head: float
    """Change of the head's size over the torso's length, as a share."""

    @property
    def taken(self) -> bool:
        """Whether lengths may be measured on it."""
        return self.seen >= SEEN and self.similarity >= LIKE and self.head <= HEAD


def canonical(
    picture: Pictures,
    person: Controlled,
    edit: Editor,
    people: PersonReader,
    path: Path,
    say: Callable[[str], None],
) -> Figure | None:
    """The person of a picture in a standard pose; None where no edit can be taken. `say` is told which."""
    found: list[tuple[float, int, Figure]] = []
    for seed in range(SEEDS):
        edited = kept(picture, edit, seed)
        try:
            standing = people.still(edited, path)
        except ValueError:
            continue  # nobody is to be seen in it
        score = score_of(picture, person, edited, standing, people)
        if score.taken:
            found.append((score.similarity, -seed, figure_of(standing)))
    if not found:
        say(f"{path}: none of {SEEDS} edits shows the person whole and alike; the picture itself is measured")
        return None
    similarity, seed, figure = max(found, key=lambda one: one[:2])
    say(f"{path}: lengths are measured on edit {1 - seed} of {SEEDS}, alike by {similarity:.2f}")
    return figure


def score_of(
    picture: Pictures, person: Controlled, edited: Pictures, standing: Controlled, people: PersonReader
) -> EditScore:
    """How an edited picture shows the person of a picture."""
    embed = people.estimate.estimators.appearance
    one, other = (
        appearance_vector(canvas, box_of(shown, canvas), embed)
        for shown, canvas in (
            (person, on_canvas(picture, person.width, person.height)),
            (standing, on_canvas(edited, standing.width, standing.height)),
        )
    )
    heads = [head_of(shown) for shown in (person, standing)]
    return EditScore(
        seen=float(np.median(standing.controls.joints_score[:, LIMBS], axis=0).min()),
        similarity=float(one @ other),
        head=abs(heads[1] / heads[0] - 1) if np.isfinite(heads).all() else 0.0,
    )


def head_of(person: Controlled) -> float:
    """The head's radius over the torso's length on the canvas; NaN where either is not seen."""
    controls = person.controls
    seen = (controls.joints_score[:, TRUNK] >= SEEN).all(axis=1)
    if not seen.any():
        return float("nan")
    neck, *hips = np.moveaxis(controls.joints2d[seen][:, TRUNK], 1, 0)
    torso = np.linalg.norm(neck - np.mean(hips, axis=0), axis=1)
    return float(np.median(controls.head_radius[seen] / torso))


def kept(picture: Pictures, edit: Editor, seed: int) -> Pictures:
    """An edit, made once: it is kept by the picture's digest, the editor's, the sentence and the seed."""
    asked = f"{hashlib.sha256(picture.tobytes()).hexdigest()} {picture.shape} {edit.digest} {seed} {SENTENCE}"
    file = cache_folder() / "edits" / f"{hashlib.sha256(asked.encode()).hexdigest()}.npz"
    if file.is_file():
        found: Pictures = unpack_file(file, LARGEST)["picture"]
        return found
    edited = edit(picture, SENTENCE, seed)
    Place.at(file.parent).write(file.name, pack({"picture": edited}))
    return edited
