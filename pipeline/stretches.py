"""Which stretches of a clip show one person: a rule on the person's track, then one on the face's vectors."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import box_iou, unit
from schemas.media import MIN_CLIP_FRAMES, Clip
from schemas.outcome import Rejected
from schemas.tracks import KeypointTrack

RULE = 2
"""Version of it."""


@dataclass(frozen=True, kw_only=True)
class OnePersonSettings:
    """Which stretches of a clip are kept."""

    max_other_area: float = 0.2
    """A frame shows several people where the largest other's box exceeds this share of the main one's."""
    max_gap_frames: int = 12
    """A stretch goes on across so many frames in which nobody, or another person too, is seen."""
    min_person_share: float = 0.02
    """The person's box covers at least this share of the picture, as the median over the stretch."""
    min_overlap: float = 0.05
    """The person's boxes in consecutive frames overlap by at least this (IoU); less is another person."""
    max_face_change: float = 0.35
    """The faces before and after a moment differ by no more (0 to 2), as means; more is another person."""


def large_stretches(clip: Clip, person: KeypointTrack, settings: OnePersonSettings) -> list[slice]:
    """The stretches of a clip that are kept: one person is seen in them, and large enough.

    Raises:
        Rejected: "nobody", "several_people" or "person_too_small": there is none.
    """
    stretches = one_person(person, settings)
    if not stretches:
        raise nobody_alone(person, settings)
    shares = [person_share(clip, person, run) for run in stretches]
    if max(shares) < settings.min_person_share:
        raise Rejected("person_too_small", f"the person covers {max(shares):.1%} of the picture")
    return [run for run, share in zip(stretches, shares, strict=True) if share >= settings.min_person_share]


def one_person(person: KeypointTrack, settings: OnePersonSettings) -> list[slice]:
    """Stretches of at least 25 frames with one person in them, the same one throughout."""
    alone = close_gaps(person.valid & (person.others <= settings.max_other_area), settings.max_gap_frames)
    breaks = changes(person, settings.min_overlap)
    runs: list[slice] = []
    start: int | None = None
    for t in range(len(alone) + 1):
        ends = t == len(alone) or not alone[t] or t in breaks
        if ends and start is not None:
            runs.append(slice(start, t))
            start = None
        if t < len(alone) and alone[t] and start is None:
            start = t
    return [run for run in runs if run.stop - run.start >= MIN_CLIP_FRAMES]


def close_gaps(mask: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """`mask` with inner gaps of at most `longest` filled."""
    closed = mask.copy()
    known = np.flatnonzero(mask)
    for before, after in itertools.pairwise(known):
        if after - before - 1 <= longest:
            closed[before:after] = True
    return closed


def changes(person: KeypointTrack, min_overlap: float) -> set[int]:
    """Frames at which the main person is suddenly somewhere else."""
    known = np.flatnonzero(person.valid)
    return {
        int(after)
        for before, after in itertools.pairwise(known)
        if after - before == 1 and box_iou(person.box[before], person.box[after]) < min_overlap
    }


GRID = 256
"""Faces' distances are told in this part of 1: what networks round otherwise elsewhere is less."""


def of_one_face(vectors: NDArray[np.float32], run: slice, most: float) -> list[slice]:
    """The stretches of frames `run` in which the face is one person's, however short; `run` itself mostly.

    `vectors` (t, d) are of unit length, zeros where no face tells. Where the means before and after a moment
    differ by more than `most`, it is cut, first where they are told apart most surely, then each part again.
    What lies between two faces of a cut is in neither part: nobody tells whose it is.
    """
    known = run.start + np.flatnonzero(vectors[run].any(axis=1))
    if len(known) < 2:
        return [run]
    faces = vectors[known].astype(np.float64)
    before, after = np.cumsum(faces, axis=0)[:-1], np.cumsum(faces[::-1], axis=0)[::-1][1:]
    apart = np.round(np.linalg.norm(unit(before) - unit(after), axis=1) * GRID) / GRID
    number = np.arange(1, len(known))
    surely = apart**2 * number * (len(known) - number)
    at = int(np.argmax(np.where(apart > most, surely, -1.0)))
    if apart[at] <= most:
        return [run]
    first, second = slice(run.start, int(known[at]) + 1), slice(int(known[at + 1]), run.stop)
    return [*of_one_face(vectors, first, most), *of_one_face(vectors, second, most)]


def nobody_alone(person: KeypointTrack, settings: OnePersonSettings) -> Rejected:
    """Why no stretch of a clip shows exactly one person."""
    crowded = person.valid & (person.others > settings.max_other_area)
    seen, crowd = float(person.valid.mean()), float(crowded.mean())
    if crowd > seen - crowd:
        return Rejected("several_people", f"others are seen in {crowd:.0%} of the frames")
    return Rejected("nobody", f"one person is seen in {seen - crowd:.0%} of the frames, never for a second")


def person_share(clip: Clip, person: KeypointTrack, run: slice) -> float:
    """Median share of the picture that the person's box covers in a stretch."""
    box = person.box[run][person.valid[run]]
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    return float(np.median(area)) / (clip.video.width * clip.video.height)
