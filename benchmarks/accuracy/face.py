"""Face box and mesh against labelled faces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.faces import face_detector, labelled_face, person_tracker, seen_face
from benchmarks.accuracy.labels import IBUG68, LANDMARKS, Array, LabelledFace, face_sets, labelled
from benchmarks.accuracy.people import clip, shown_frames
from benchmarks.accuracy.table import Row
from pipeline.geometry import box_iou, grow_box, square_box
from pipeline.stages.control import ControlSettings
from schemas.tracks import FaceTrack

INSIDE_GOAL = 99.0
"""Per cent of the labelled points that the square kept around the face must hold."""
ERROR_GOAL = 8.0
"""Mean landmark error that is allowed, per cent of the distance of the eyes' outer corners: from there on
benchmarks on 300-W count a failure (Sagonas et al., Image and Vision Computing 47, 2016)."""
FACE_OF_133 = slice(23, 91)
"""The face in COCO-WholeBody's order of points."""
CONTROL = ControlSettings()
LOOSELY_DRAWN = 2.0
"""Times the side of the labels' box within which a found face is the labelled one."""


@dataclass(frozen=True)
class Match:
    """A found face against its labels."""

    inside: float
    """Share of the labelled points in the square whose pixels are kept, grown from the face's box."""
    overlap: float
    """Intersection over union of the face's box and that of the labels."""
    error: float
    """Mean distance of `LANDMARKS` over the labels' size."""


def measure(corpus: Path) -> list[Row]:
    """All rows of faces: the head told by the labels, then found by the person estimator, then a video."""
    groundtruth = corpus / "groundtruth"
    rows = []
    for name, faces in face_sets(groundtruth).items():
        rows += rows_of(f"{name}, head told", [(f, labelled_face(f.picture, f.box)[1]) for f in faces])
    singles = {"face68_single", "face68_300w", "face68_300vw_frames", "face19_aflw"}
    found = [
        (f, seen_face(f.picture)[1])
        for name, faces in face_sets(groundtruth).items()
        if name in singles
        for f in faces
    ]
    rows += rows_of("face68_single, _300w, _300vw, face19_aflw, person found", found)
    return [*rows, football(corpus), portrait(corpus)]


def rows_of(data: str, results: list[tuple[LabelledFace, FaceTrack]]) -> list[Row]:
    """How well a set's boxes and landmarks fit."""
    matches = [match(face, track) for face, track in results]
    good = [m for m in matches if m is not None]
    missed = [face.picture.name for (face, _), m in zip(results, matches, strict=True) if m is None]
    note = f"no face, or another's: {', '.join(missed)}" if missed else ""

    def row(measure: str, pick: Callable[[Match], float], goal: float | None, *, higher: bool) -> Row:
        value = 100 * float(np.mean([pick(m) for m in good])) if good else float("nan")
        return Row(
            part="face",
            data=data,
            measure=measure,
            value=value,
            unit="%",
            goal=goal,
            higher=higher,
            found=len(good),
            of=len(results),
            note=note,
        )

    return [
        row("labelled points in the face crop", lambda m: m.inside, INSIDE_GOAL, higher=True),
        row("box IoU with the labels' box", lambda m: m.overlap, None, higher=True),
        row("7 landmarks, mean error over outer eye distance", lambda m: m.error, ERROR_GOAL, higher=False),
    ]


def match(face: LabelledFace, track: FaceTrack) -> Match | None:
    """How a track's first frame fits a labelled face; None where no face was found, or another one."""
    if not track.valid[0]:
        return None
    box = track.box[0].astype(np.float64)
    away = np.abs((box[:2] + box[2:]) / 2 - (face.box[:2] + face.box[2:]) / 2).max()
    if away > LOOSELY_DRAWN * (face.box[2:] - face.box[:2]).max() / 2:
        return None
    crop = square_box(grow_box(box, CONTROL.face_area, CONTROL.face_above))
    inside = np.all((face.points >= crop[:2]) & (face.points <= crop[2:]), axis=1)
    distances = np.linalg.norm(track.mesh[0, list(LANDMARKS), :2] - face.landmarks, axis=1)
    return Match(
        inside=float(inside.mean()),
        overlap=float(box_iou(box, face.box)),
        error=float(np.nanmean(distances)) / face.size,
    )


def football(corpus: Path) -> Row:
    """The landmarks of every frame of a video against another estimator's (kind B)."""
    path = corpus / "clips" / "half_05_sign_football.mp4"
    labels = json.loads((corpus / "groundtruth/wholebody_video_football/FOOTBALL.json").read_text())
    frames = clip(path)
    track = face_detector()(frames, person_tracker()(frames))
    errors = []
    for t, number in enumerate(shown_frames(path)):
        points = np.array(labels[number]["instances"][0]["keypoints"][FACE_OF_133], np.float64)
        face = labelled(path, points, IBUG68)
        distances = np.linalg.norm(track.mesh[t, list(LANDMARKS), :2] - face.landmarks, axis=1)
        errors.append(float(distances.mean()) / face.size if track.valid[t] else np.nan)
    return Row(
        part="face",
        data=f"wholebody_video_football, {path.name} (B), person found",
        measure="7 landmarks, mean error over outer eye distance",
        value=100 * float(np.nanmean(errors)),
        unit="%",
        goal=ERROR_GOAL,
        found=int(track.valid.sum()),
        of=len(frames),
    )


def portrait(corpus: Path) -> Row:
    """The mesh against the 478 points that mediapipe's own tests expect of the same picture (kind B)."""
    frames, track = seen_face(corpus / "images" / "img_02_official_portrait.jpg")
    height, width = frames.shape[1:3]
    folder = corpus / "groundtruth" / "face_image_portrait"
    text = (folder / "portrait_expected_face_landmarks.pbtxt").read_text()
    parts = np.array(re.findall(r"[xy]: ([-\d.e]+)", text), np.float64).reshape(-1, 2)
    expected: Array = parts * (width, height) - 0.5
    error = np.linalg.norm(track.mesh[0, :, :2] - expected, axis=1).mean()
    size = np.linalg.norm(expected[263] - expected[33])
    return Row(
        part="face",
        data="face_image_portrait (B)",
        measure="478 points, mean distance over outer eye distance",
        value=100 * float(error / size),
        unit="%",
        found=int(track.valid[0]),
        of=1,
        note="the output of a later network",
    )
