"""Who is who: the face network and colours on labelled photographs, and on frames of the corpus's clips."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.faces import face_detector, person_tracker, picture
from benchmarks.accuracy.people import probed
from benchmarks.accuracy.table import Row
from media.decode import decode_frames
from pipeline.estimators.appearance.colours import ColourLayout
from pipeline.estimators.contracts import IDENTITY_PX
from pipeline.estimators.identity.face_embedder import PackagedFaceEmbedder
from pipeline.references.looks import upright_square
from pipeline.stages.gather import GatherSettings
from schemas.media import FPS, Frames

Vector = NDArray[np.float64]
FaceAndColours = tuple[Vector, Vector]
"""A unit vector of the face, and one of the person's colours."""
KINDS = ("talk", "half", "full")
FRAMES = 6
"""Of a clip, evenly over its length."""
SEVERAL = ("talk_10_two_people_head_tilts.gif", "talk_12_qcif_ruined.mp4")
"""Clips left out: another of their people is the main one from frame to frame; a ruined copy."""
SAME = {"full_05_balance_cam03_back.mp4": "full_04_balance_cam01.mp4"}
"""Clips of the person of another one."""
GOAL = 0.99
Pair = tuple[str, str, bool]


def measure(corpus: Path) -> list[Row]:
    """AUC of faces and of colours on each set of labels, then what the limit of the pipeline lets pass."""
    embed = looker()
    rows = []
    for name, pairs in photographs(corpus / "groundtruth").items():
        names = sorted({one for pair in pairs for one in pair[:2]})
        looks = {one: embed(picture(corpus / "groundtruth" / name / one)) for one in names}
        rows += rows_of(name, looks, pairs)
    looks = {one: seen for one, seen in frames_of(corpus / "clips", embed) if seen is not None}
    pairs = [(a, b, person(a) == person(b)) for a, b in itertools.combinations(looks, 2)]
    rows += rows_of(f"{FRAMES} frames each of {len({person(one) for one in looks})} clips", looks, pairs)
    return rows


def photographs(groundtruth: Path) -> dict[str, list[Pair]]:
    """Pairs of labelled photographs by folder, and whether they show one person."""
    with (groundtruth / "identity_pairs" / "pairs.csv").open() as file:
        labelled = [(row["file_x"], row["file_y"], row["Decision"] == "Yes") for row in csv.DictReader(file)]
    names = sorted(path.name for path in (groundtruth / "identity_named").glob("*.jpg"))
    named = [(a, b, a.split("_")[0] == b.split("_")[0]) for a, b in itertools.combinations(names, 2)]
    return {"identity_pairs": labelled, "identity_named": named}


def looker() -> Callable[[Frames], FaceAndColours | None]:
    """What tells the looks of a picture's main person; None of whoever shows no face that is large enough."""
    faces, colours = PackagedFaceEmbedder().build(), ColourLayout().build()

    def embed(frames: Frames) -> FaceAndColours | None:
        people = person_tracker()(frames)
        found = face_detector()(frames, people)
        if not found.valid[0] or found.box[0, 2] - found.box[0, 0] < IDENTITY_PX:
            return None
        colour = colours(upright_square(frames[0], people.box[0])[None]).vectors[0]
        return faces(frames, found).vectors[0].astype(np.float64), colour.astype(np.float64)

    return embed


def frames_of(
    clips: Path, embed: Callable[[Frames], FaceAndColours | None]
) -> Iterator[tuple[str, FaceAndColours | None]]:
    """Looks in some frames of each clip of one person."""
    for path in sorted(clips.iterdir()):
        if path.name.split("_")[0] not in KINDS or path.name in SEVERAL:
            continue
        video = probed(path)
        count = int(video.duration_s * FPS)
        numbers = [round(count * (part + 0.5) / FRAMES) for part in range(FRAMES)]
        for number, frame in zip(numbers, decode_frames(video, numbers), strict=True):
            yield f"{path.name} {number}", embed(frame[None])


def person(frame: str) -> str:
    """Who is seen in a frame of a clip."""
    clip = frame.split(" ", maxsplit=1)[0]
    return SAME.get(clip, clip)


def rows_of(data: str, looks: Mapping[str, FaceAndColours | None], pairs: Sequence[Pair]) -> list[Row]:
    """The rows of one set of pairs."""
    known = [(a, b, same) for one, other, same in pairs if (a := looks[one]) and (b := looks[other])]
    same = np.array([pair[2] for pair in known])
    faces, colours = (np.array([np.linalg.norm(a[part] - b[part]) for a, b, _ in known]) for part in range(2))
    limit = GatherSettings().max_face_distance
    note = f"{same.sum()} of one person, up to {faces[same].max():.2f}; others from {faces[~same].min():.2f}"
    row = partial(Row, part="identity", data=data, found=len(known), of=len(pairs))
    return [
        row(measure="AUC of faces", value=auc(faces[same], faces[~same]), goal=GOAL, higher=True, note=note),
        row(measure="AUC of colours", value=auc(colours[same], colours[~same])),
        row(measure=f"pairs of one person within {limit:g}", value=percent(faces[same] <= limit), unit="%"),
        row(measure=f"pairs of two within {limit:g}", value=percent(faces[~same] <= limit), unit="%"),
    ]


def percent(which: NDArray[np.bool_]) -> float:
    """Share of what is true."""
    return 100 * float(np.mean(which))


def auc(near: Vector, far: Vector) -> float:
    """How often one of `near` is less than one of `far`; half of a tie."""
    return float(np.mean((near[:, None] < far) + (near[:, None] == far) / 2))
