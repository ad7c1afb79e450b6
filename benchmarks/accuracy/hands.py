"""Hand points against labelled stills and videos: of whole people, and of hands without a body."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.accuracy.body import FOOTBALL, matched, mmpose
from benchmarks.accuracy.faces import person_tracker, picture
from benchmarks.accuracy.people import Array, LabelledBody, clip, marked, shown_frames, stills
from benchmarks.accuracy.table import Row
from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.hand_net import Hand
from pipeline.estimators.mediapipe.hands import HandTracker, MediapipeHands
from schemas.media import MIN_CLIP_FRAMES, Frames
from schemas.tracks import HandTrack

ERROR_GOAL = 10.0
"""Median distance of a point from its label, per cent of the longer side of the hand's labelled box."""
MIN_LABELS = 15
"""A hand with fewer labelled points is not measured."""
TINY_NOTE = "a black glove and a fist, too small to have fingers in the picture"
GRIP_NOTE = (
    "two photographs, each with three recoloured copies; fingers hidden by a grip, wrists marked otherwise"
)
ASL = "hands_01_asl_hand.mp4"
SIDES = ("left", "right")


@dataclass(frozen=True)
class Compared:
    """Labelled hands and what was found of them."""

    errors: list[Array]
    """(21,) each: distances over the longer side of the labelled box, NaN where there is no label."""
    sizes: list[float]
    """Of all labelled hands: the longer side of the box, px."""
    switched: int = 0
    """Found hands that fit the label of the other side better."""


@cache
def hand_tracker() -> HandTracker:
    """The embedded hand estimator, one for all."""
    return MediapipeHands().build()


def measure(corpus: Path) -> list[Row]:
    """All rows of hands: of the main person, then of hands alone."""
    groundtruth, clips = corpus / "groundtruth", corpus / "clips"
    football = mmpose(groundtruth / "wholebody_video_football" / "FOOTBALL.json")
    return [
        row("wholebody133_coco, main person", of_stills(groundtruth), TINY_NOTE),
        row(f"wholebody_video_football, {FOOTBALL}", of_video(clips / FOOTBALL, football)),
        row("hand21_freihand, palm found in the crop", of_crops(groundtruth / "hand21_freihand"), GRIP_NOTE),
        row(f"hand_video_asl, {ASL}, palm found", of_asl(groundtruth / "hand_video_asl", clips / ASL)),
    ]


def of_stills(groundtruth: Path) -> Compared:
    """The hands of the labelled person who is the picture's main one."""
    parts = []
    for still in stills(groundtruth)["wholebody133_coco"]:
        frames = np.repeat(picture(still.path), MIN_CLIP_FRAMES, axis=0)
        person = person_tracker()(frames)
        label = matched(person.box[0].astype(np.float64), still.bodies)
        if label is not None:
            parts.append(compared(hand_tracker()(frames, person), 0, label))
    return joined(parts)


def of_video(path: Path, labels: list[LabelledBody]) -> Compared:
    """The hands of the main person of each frame, frames in which the labels see no hand left out."""
    frames = clip(path)
    track = hand_tracker()(frames, person_tracker()(frames))
    return joined([compared(track, t, labels[n]) for t, n in enumerate(shown_frames(path))])


def compared(track: HandTrack, t: int, label: LabelledBody) -> Compared:
    """Both hands of one frame against a labelled person's."""
    errors, sizes, switched = [], [], 0
    for side in range(len(SIDES)):
        if np.isfinite(label.hands[side, :, 0]).sum() < MIN_LABELS:
            continue
        sizes.append(size(label.hands[side]))
        if track.score[t, side] > 0:
            points = track.points2d[t, side].astype(np.float64)
            own, other = (relative_errors(points, label.hands[s]) for s in (side, 1 - side))
            errors.append(own)
            switched += bool(np.isfinite(other).any() and np.nanmedian(other) < np.nanmedian(own))
    return Compared(errors, sizes, switched)


def joined(parts: list[Compared]) -> Compared:
    """All hands of several frames or pictures."""
    errors = [error for part in parts for error in part.errors]
    sizes = [one for part in parts for one in part.sizes]
    return Compared(errors, sizes, sum(part.switched for part in parts))


def of_crops(folder: Path) -> Compared:
    """One hand a picture."""
    content = json.loads((folder / "test_freihand.json").read_text())
    names = {image["id"]: folder / image["file_name"] for image in content["images"]}
    errors, sizes = [], []
    for item in content["annotations"]:
        label = marked(item["keypoints"])
        sizes.append(size(label))
        hand = alone(picture(names[item["image_id"]]))[0]
        if hand is not None:
            errors.append(relative_errors(hand.points, label))
    return Compared(errors, sizes)


def of_asl(folder: Path, path: Path) -> Compared:
    """One hand a frame; the labels are those of an earlier version of the same network."""
    content = json.loads((folder / "asl_hand.full.json").read_text())
    labels = np.array(content, np.float64)[..., :2] - 0.5
    frames, numbers = clip(path), shown_frames(path)
    pairs = zip(alone(frames), numbers, strict=True)
    errors = [relative_errors(hand.points, labels[n]) for hand, n in pairs if hand is not None]
    return Compared(errors, [size(labels[n]) for n in numbers])


def alone(frames: Frames) -> list[Hand | None]:
    """The surest hand of each frame, without a body: by its palm, or where it was in the frame before."""
    tracker = hand_tracker()
    height, width = frames.shape[1:3]
    hands: list[Hand | None] = []
    for frame in frames:
        last = hands[-1] if hands else None
        hand = tracker.net(frame, last.square) if last is not None else None
        if hand is None or hand.presence < tracker.settings.min_presence:
            palm = tracker.palm(frame, Square.whole(width, height))
            hand = tracker.net.settle(frame, palm) if palm is not None else None
        hands.append(hand if hand is not None and hand.presence >= tracker.settings.min_presence else None)
    return hands


def size(label: Array) -> float:
    """Longer side of the box around labelled points, px; NaN where there are none."""
    known = label[np.isfinite(label[:, 0])]
    return float(np.ptp(known, axis=0).max()) if len(known) else float("nan")


def relative_errors(points: Array, label: Array) -> Array:
    """(21,): distances from the labels over the longer side of their box, NaN where there is none."""
    distances: Array = np.linalg.norm(points - label, axis=1) / size(label)
    return distances


def row(data: str, result: Compared, why: str = "") -> Row:
    """Median error over points and hands."""
    errors = 100 * np.array(result.errors).reshape(-1, 21)
    known = np.isfinite(errors)
    far = f"off by a quarter: {(errors[known] > 25).mean():.0%}" if known.any() else ""
    sizes = f"hands of {min(result.sizes):.0f} to {max(result.sizes):.0f} px"
    switched = f"fit the other side better: {result.switched}" if result.switched else ""
    return Row(
        part="hands",
        data=data,
        measure="points, median distance over the hand's size",
        value=float(np.median(errors[known])) if known.any() else float("nan"),
        unit="%",
        goal=ERROR_GOAL,
        found=len(result.errors),
        of=len(result.sizes),
        note="; ".join(filter(None, (sizes, far, switched, why))),
    )
