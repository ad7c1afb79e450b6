"""Body joints against labelled stills and videos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.faces import person_tracker, picture
from benchmarks.accuracy.people import (
    COCO17,
    LIMBS,
    Array,
    LabelledBody,
    LabelledPicture,
    clip,
    shown_frames,
    stills,
)
from benchmarks.accuracy.table import Row
from pipeline.estimators.mediapipe.body import BodyMapper, MediapipeBody
from pipeline.geometry import box_iou
from pipeline.stretches import OnePersonSettings
from schemas.joints import BODY_JOINTS, J
from schemas.media import MIN_CLIP_FRAMES, Frames
from schemas.tracks import BodyTrack, KeypointTrack

ERROR_GOAL = 10.0
"""Median distance of a joint from its label, per cent of the torso's length."""
SAME_PERSON = 0.3
"""Least overlap (IoU) of the found person's box with a labelled one's."""
MIN_LABELS = 4
"""A labelled person with fewer joints is not measured."""
ALONE_NOTE = "one of the two lies half hidden behind another man; the network puts hips lower than people do"
CROWD_NOTE = "people who hide each other, their hidden joints marked by guess"
BALANCE = {"full_04_balance_cam01.mp4": "cam01_json", "full_05_balance_cam03_back.mp4": "cam03_json"}
FOOTBALL = "half_05_sign_football.mp4"
LABELLED_SCORE = 0.3
"""From which an estimated label counts."""


@dataclass(frozen=True)
class Result:
    """One person's joints against the labels."""

    errors: Array
    """(16,): distances over the torso's length, NaN where there is no label."""
    seen: NDArray[np.bool_]
    """(16,): which joints the estimator takes for seen."""

    @classmethod
    def of(cls, track: BodyTrack, t: int, label: LabelledBody) -> Result:
        """The joints of frame `t`."""
        distances = np.linalg.norm(track.joints2d[t].astype(np.float64) - label.joints, axis=1)
        return cls(distances / label.torso, track.score[t] >= MediapipeBody().min_score)


@cache
def body_mapper() -> BodyMapper:
    """The embedded body estimator, one for all."""
    return MediapipeBody().build()


def measure(corpus: Path) -> list[Row]:
    """All rows of bodies: stills, then videos."""
    groundtruth, clips = corpus / "groundtruth", corpus / "clips"
    sets = stills(groundtruth)
    alone = [still for pictures in sets.values() for still in pictures if len(still.bodies) == 1]
    rows = [still_row("stills with one person marked", alone, ALONE_NOTE)]
    for name, pictures in sets.items():
        rows.append(still_row(name, [still for still in pictures if len(still.bodies) > 1], CROWD_NOTE))
    for name, folder in BALANCE.items():
        labels = openpose(groundtruth / "body_video_balance" / folder)
        rows.append(video_row(f"body_video_balance, {name}", clips / name, labels))
    labels = mmpose(groundtruth / "wholebody_video_football" / "FOOTBALL.json")
    return [*rows, video_row(f"wholebody_video_football, {FOOTBALL}", clips / FOOTBALL, labels)]


def still_row(name: str, pictures: list[LabelledPicture], why: str) -> Row:
    """The main person of each picture against the labelled person whose box its box overlaps most.

    Only the main person is estimated. Where several people are marked, the others are left out: they are
    counted neither as found nor as missed. A picture whose main person fits nobody who is marked is missed.
    """
    results, missed, crowded = [], [], 0
    for still in pictures:
        frames = np.repeat(picture(still.path), MIN_CLIP_FRAMES, axis=0)  # a clip: no single frame is trusted
        person, track = estimated(frames)
        label = matched(person.box[0].astype(np.float64), still.bodies) if person.valid[0] else None
        crowded += bool(person.others[0] > OnePersonSettings().max_other_area)
        if label is None:
            missed.append(f"{still.path.parent.name}/{still.path.name}")
        else:
            results.append(Result.of(track, 0, label))
    notes = [
        why,
        f"missed: {', '.join(missed)}" if missed else "",
        f"the gate keeps {crowded} out: several people" if crowded else "",
    ]
    return row(f"{name}, main person", results, len(pictures), "; ".join(filter(None, notes)))


def video_row(name: str, path: Path, labels: list[LabelledBody]) -> Row:
    """The main person of each frame against the label of the source's frame that it shows."""
    person, track = estimated(clip(path))
    numbers = shown_frames(path)
    results = [Result.of(track, t, labels[number]) for t, number in enumerate(numbers) if person.valid[t]]
    return row(name, results, len(numbers), "")


def estimated(frames: Frames) -> tuple[KeypointTrack, BodyTrack]:
    """The main person and its joints."""
    person = person_tracker()(frames)
    return person, body_mapper()(frames, person)


def matched(box: Array, bodies: list[LabelledBody]) -> LabelledBody | None:
    """The labelled person around whom a box lies."""
    bodies = [body for body in bodies if np.isfinite(body.joints[:, 0]).sum() >= MIN_LABELS]
    overlap = [float(box_iou(box, body.box)) for body in bodies]
    best = int(np.argmax(overlap)) if overlap else -1
    return bodies[best] if overlap and overlap[best] >= SAME_PERSON else None


def row(data: str, results: list[Result], of: int, note: str) -> Row:
    """Median error over joints and frames, and what each kind of joint contributes."""
    shape = (len(results), len(BODY_JOINTS))
    errors = 100 * np.array([result.errors for result in results]).reshape(shape)
    seen = np.array([result.seen for result in results], bool).reshape(shape) & np.isfinite(errors)
    kinds = []
    for limb in (*LIMBS, "big_toe"):
        part = errors[:, [J[f"left_{limb}"], J[f"right_{limb}"]]]
        if np.isfinite(part).any():
            kinds.append(f"{limb} {np.nanmedian(part):.1f}")
    far = (errors[np.isfinite(errors)] > 50).mean() if seen.any() else 0.0
    own = f"of those taken for seen {np.median(errors[seen]):.1f}" if seen.any() else ""
    return Row(
        part="body",
        data=data,
        measure="joints, median distance over torso length",
        value=float(np.nanmedian(errors)) if seen.any() else float("nan"),
        unit="%",
        goal=ERROR_GOAL,
        found=len(results),
        of=of,
        note="; ".join(filter(None, (", ".join(kinds), own, f"off by half a torso: {far:.0%}", note))),
    )


def openpose(folder: Path) -> list[LabelledBody]:
    """The first person of each frame, BODY_25B."""
    files = sorted(folder.glob("*.json"))
    people = [json.loads(path.read_text())["people"][0]["pose_keypoints_2d"] for path in files]
    return [estimated_label(np.array(flat).reshape(-1, 3), 5, toes=(19, 22)) for flat in people]


def mmpose(path: Path) -> list[LabelledBody]:
    """The person of each frame, COCO-WholeBody; the legs are out of the picture and left out."""
    labels = []
    for frame in json.loads(path.read_text()):
        one = frame["instances"][0]
        points = np.column_stack([one["keypoints"], one["keypoint_scores"]])
        points[11:23, 2] = 0
        labels.append(estimated_label(points, 5, toes=(17, 20), hands=(91, 112)))
    return labels


def estimated_label(
    points: Array, first: int, toes: tuple[int, int], hands: tuple[int, int] | None = None
) -> LabelledBody:
    """A person by another estimator: (n, 3) px and score, shoulders to ankles from point `first` on."""
    seen = np.where(points[:, 2:] >= LABELLED_SCORE, points[:, :2], np.nan)
    joints = np.full((len(BODY_JOINTS), 2), np.nan)
    joints[[BODY_JOINTS.index(name) for name in COCO17]] = seen[first : first + len(COCO17)]
    joints[[BODY_JOINTS.index("left_big_toe"), BODY_JOINTS.index("right_big_toe")]] = seen[list(toes)]
    both = np.full((2, 21, 2), np.nan) if hands is None else np.stack([seen[h : h + 21] for h in hands])
    box = np.concatenate([np.nanmin(seen, axis=0), np.nanmax(seen, axis=0)])
    return LabelledBody(box, joints, both)
