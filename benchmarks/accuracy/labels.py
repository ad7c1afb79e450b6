"""Labelled faces of the ground truth, whatever the file they were written in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LANDMARKS = (33, 133, 362, 263, 4, 61, 291)
"""Points of the mesh that all label schemes have: corners of the right eye (outer, inner) and of the left
(inner, outer), tip of the nose, corners of the mouth (right, left); sides are the person's."""
IBUG68 = (36, 39, 42, 45, 30, 48, 54)
WFLW98 = (60, 64, 68, 72, 54, 76, 82)
AFLW19 = (6, 8, 9, 11, 13, 15, 17)


@dataclass(frozen=True)
class LabelledFace:
    """One face that somebody marked."""

    picture: Path
    points: Array
    """(n, 2) px, all that are marked."""
    landmarks: Array
    """(7, 2) px: those of `LANDMARKS`, NaN where not marked."""

    @property
    def box(self) -> Array:
        """Around the points: x0, y0, x1, y1 px."""
        return np.concatenate([self.points.min(axis=0), self.points.max(axis=0)])

    @property
    def size(self) -> float:
        """Distance of the outer corners of the eyes, px: what errors are told in."""
        return float(np.linalg.norm(self.landmarks[3] - self.landmarks[0]))


def face_sets(groundtruth: Path) -> dict[str, list[LabelledFace]]:
    """All labelled faces in still pictures, by folder."""
    readers: dict[str, Callable[[Path], list[LabelledFace]]] = {
        "face68_single": from_pts,
        "face68_300w": lambda folder: from_coco(folder / "test_300w.json", IBUG68),
        "face68_300vw_frames": from_pts,
        "face68_groups": lambda folder: from_dlib(folder / "training_with_face_landmarks.xml"),
        "face98_wflw": lambda folder: from_coco(folder / "test_wflw.json", WFLW98),
        "face19_aflw": lambda folder: from_coco(folder / "test_aflw.json", AFLW19),
    }
    return {name: read(groundtruth / name) for name, read in readers.items()}


def labelled(picture: Path, points: Array, scheme: tuple[int, ...]) -> LabelledFace:
    """A face whose marked points are those that are not NaN."""
    return LabelledFace(picture, points[~np.isnan(points[:, 0])], points[list(scheme)])


def from_pts(folder: Path) -> list[LabelledFace]:
    """Faces of `.pts` files, whose pictures lie beside them or in `imgs` beside their own folder."""
    faces = []
    for path in sorted(folder.rglob("*.pts")):
        home = path.parent.parent / "imgs" if path.parent.name == "annot" else path.parent
        picture = next(p for p in home.glob(f"{path.stem}.*") if p.suffix != ".pts")
        numbers = path.read_text().partition("{")[2].partition("}")[0].split()
        points = np.array(numbers, np.float64).reshape(68, 2) - 1  # they count pixels from 1
        faces.append(labelled(picture, points, IBUG68))
    return faces


def from_coco(path: Path, scheme: tuple[int, ...]) -> list[LabelledFace]:
    """Faces of a COCO-style file with pictures beside it; points of visibility 0 are not marked."""
    content = json.loads(path.read_text())
    pictures = {image["id"]: path.parent / image["file_name"] for image in content["images"]}
    faces = []
    for item in content["annotations"]:
        marks = np.array(item["keypoints"], np.float64).reshape(-1, 3)
        points = np.where(marks[:, 2:] > 0, marks[:, :2], np.nan)
        faces.append(labelled(pictures[item["image_id"]], points, scheme))
    return faces


def from_dlib(path: Path) -> list[LabelledFace]:
    """Faces of a dlib training file with pictures beside it."""
    faces = []
    for image in ET.parse(path).getroot().iter("image"):
        for box in image.iter("box"):
            points = np.array([(float(p.attrib["x"]), float(p.attrib["y"])) for p in box.iter("part")])
            faces.append(labelled(path.parent / image.attrib["file"], points, IBUG68))
    return faces
