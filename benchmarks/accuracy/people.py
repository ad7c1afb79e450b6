"""Labelled bodies and hands of the ground truth, and the frames that they mark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.decode import decode
from media.probe import probe
from pipeline.stages.corpus import Corpus
from pipeline.stages.probe import ProbeSettings
from schemas.joints import BODY_JOINTS, HAND_JOINTS
from schemas.media import FPS, Frames, Listed, Probed
from schemas.origin import Origin

Array = NDArray[np.float64]

LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
COCO17 = tuple(f"{side}_{limb}" for limb in LIMBS for side in ("left", "right"))
"""Points 5 to 16 of COCO and PoseTrack, 0 to 11 of CrowdPose, 5 to 16 of BODY_25B."""
TORSO_OVER_SHOULDERS = 1.4
"""Length of the torso (mid shoulders to mid hips) over the shoulders' distance, where no hip is labelled."""


@dataclass(frozen=True)
class LabelledBody:
    """One person that somebody marked."""

    box: Array
    """(4,) px."""
    joints: Array
    """(16, 2) px by our joints, NaN where not marked."""
    hands: Array
    """(2, 21, 2) px, the left one first, NaN where not marked."""

    @property
    def torso(self) -> float:
        """Length of the torso in the picture, px, NaN where neither hips nor shoulders are marked."""
        shoulders, hips = self.pair("shoulder"), self.pair("hip")
        if not np.isnan(hips).any():
            return float(np.linalg.norm(shoulders.mean(axis=0) - hips.mean(axis=0)))
        return TORSO_OVER_SHOULDERS * float(np.linalg.norm(shoulders[0] - shoulders[1]))

    def pair(self, limb: str) -> Array:
        """(2, 2): a joint of both sides, left first."""
        return self.joints[[BODY_JOINTS.index(f"{side}_{limb}") for side in ("left", "right")]]


@dataclass(frozen=True)
class LabelledPicture:
    """A still and the people marked in it."""

    path: Path
    bodies: list[LabelledBody]


def stills(groundtruth: Path) -> dict[str, list[LabelledPicture]]:
    """All labelled bodies in still pictures, by folder."""
    files = {
        "wholebody133_coco": (["coco_wholebody.json"], 5),
        "body14_crowdpose": (["test_crowdpose.json"], 0),
        "body17_posetrack18": (
            [f"annotations/{n}_mpii_test.json" for n in ("003418", "009473", "012834")],
            5,
        ),
    }
    return {
        name: [picture for file in names for picture in from_coco(groundtruth / name, file, first)]
        for name, (names, first) in files.items()
    }


def from_coco(folder: Path, file: str, first: int) -> list[LabelledPicture]:
    """People of a COCO-style file whose shoulders to ankles begin at point `first`."""
    content = json.loads((folder / file).read_text())
    return [
        LabelledPicture(
            folder / image["file_name"],
            [body(item, first) for item in content["annotations"] if item["image_id"] == image["id"]],
        )
        for image in content["images"]
    ]


def body(item: dict[str, Any], first: int) -> LabelledBody:
    """A person of a COCO-style file; points of visibility 0 are not marked."""
    points = marked(item["keypoints"])[first : first + len(COCO17)]
    joints = np.full((len(BODY_JOINTS), 2), np.nan)
    joints[[BODY_JOINTS.index(name) for name in COCO17]] = points
    if "foot_kpts" in item:
        feet = marked(item["foot_kpts"])
        joints[[BODY_JOINTS.index("left_big_toe"), BODY_JOINTS.index("right_big_toe")]] = feet[[0, 3]]
    hands = np.full((2, len(HAND_JOINTS), 2), np.nan)
    for i, side in enumerate(("left", "right")):
        if item.get(f"{side}hand_valid"):
            hands[i] = marked(item[f"{side}hand_kpts"])
    x, y, width, height = item["bbox"]
    return LabelledBody(np.array([x, y, x + width, y + height]), joints, hands)


def marked(flat: list[float]) -> Array:
    """(n, 2) px of a flat list of x, y, visibility; NaN where the visibility is 0."""
    rows = np.array(flat, np.float64).reshape(-1, 3)
    return np.where(rows[:, 2:] > 0, rows[:, :2], np.nan)


@cache
def clip(path: Path) -> Frames:
    """All frames of a clip on the 24 fps clock."""
    video = probed(path)
    count = int(Fraction(video.duration_s).limit_denominator(1000) * FPS)
    return np.concatenate(list(decode(video, 0, count, window=count)))


def shown_frames(path: Path) -> NDArray[np.int64]:
    """For each frame of `clip` the number of the source's frame that it shows, for even rates."""
    video = probed(path)
    return np.floor(np.arange(len(clip(path))) * video.fps / FPS + 1e-3).astype(np.int64)


@cache
def probed(path: Path) -> Probed:
    """Facts of a clip."""
    limits = ProbeSettings()
    (source,) = Corpus()(Listed(key=path.stem, uri=str(path), origin=Origin()))
    return probe(
        source,
        max_pixels=limits.max_source_pixels,
        max_duration_s=limits.max_duration_s,
        max_pixel_stretch=limits.max_pixel_stretch,
    )
