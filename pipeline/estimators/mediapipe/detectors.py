"""MediaPipe's detectors, with the settings of its own graphs (`mediapipe/modules/*_detection/`)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.mediapipe.net import Net, Picture, Tensor, as_input, load, network, sigmoid
from storage.packaged_files import PackagedFile

SAME_OBJECT = 0.3
"""Boxes whose intersection is more than this share of their union are one object's."""


@dataclass(frozen=True, kw_only=True)
class SsdDetector:
    """One of the detectors, and how its output is read."""

    file: PackagedFile
    side: int
    """Of its square input, px."""
    low: float
    """What black becomes at the input; white is 1."""
    strides: tuple[int, ...]
    """Of the anchor layers, px; each puts `per_cell` anchors on every cell of its grid."""
    num_points: int
    per_cell: int = 2

    def start(self, min_score: float) -> Detector:
        """The detector, running; boxes of at least this score are found.

        Raises:
            EstimatorUnavailable: it cannot run.
        """
        return Detector(self, min_score)


class Detector:
    """Finds objects in a crop."""

    def __init__(self, kind: SsdDetector, min_score: float) -> None:
        self.kind = kind
        self.min_score = min_score
        self.net = Net(load(kind.file))
        self.anchors = anchors(kind.side, kind.strides, kind.per_cell)

    def __call__(self, picture: Picture) -> Tensor:
        """Rows of score, x0, y0, x1, y1, then x, y of each point, in parts of the crop; the surest first."""
        raw, logits = self.net(as_input(picture, self.kind.low))
        scores = sigmoid(logits.reshape(-1))
        likely = np.flatnonzero(scores >= self.min_score)
        boxes = raw[0, likely] / np.float32(self.kind.side)
        points = boxes[:, 4:].reshape(len(likely), self.kind.num_points, 2) + self.anchors[likely, None]
        middle, half = boxes[:, :2] + self.anchors[likely], boxes[:, 2:4] / 2
        corners = np.concatenate([middle - half, middle + half], axis=1)
        rows = np.column_stack(
            [scores[likely], corners, points.reshape(len(likely), 2 * self.kind.num_points)]
        )
        return merged(rows[np.all(half >= 0, axis=1)])


def anchors(side: int, strides: tuple[int, ...], per_cell: int) -> Tensor:
    """(n, 2): the middles of all cells of all layers, in parts of the input, once for each anchor.

    Layers of the same stride share a grid, row by row, cell by cell, with all their anchors on a cell.
    """
    grids = []
    for stride, layers in groupby(strides):
        cells = (np.arange(-(-side // stride), dtype=np.float32) + 0.5) * (stride / side)
        y, x = np.meshgrid(cells, cells, indexing="ij")
        grids.append(
            np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), per_cell * len(list(layers)), axis=0)
        )
    return np.concatenate(grids).astype(np.float32)


def merged(rows: Tensor) -> Tensor:
    """One row an object: the surest one's score, and the mean of all rows about it, weighted by score.

    BlazeFace (arXiv 1907.05047, section 3.3) averages where others suppress, so that boxes do not jitter.
    """
    rest = rows[np.argsort(-rows[:, 0], kind="stable")]
    found = []
    while len(rest):
        same = overlaps(rest[0, 1:5], rest[:, 1:5]) > SAME_OBJECT
        same[0] = True  # an empty box overlaps with nothing, not even itself
        weights = rest[same, :1]
        mean = (weights * rest[same, 1:]).sum(axis=0) / weights.sum()
        found.append(np.concatenate([rest[0, :1], mean]))
        rest = rest[~same]
    return np.array(found, np.float32).reshape(len(found), rows.shape[1])


def overlaps(box: Tensor, others: Tensor) -> NDArray[np.float32]:
    """Intersection over union of one box (4,) with each of others (n, 4)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    shares: NDArray[np.float32] = common / np.maximum(areas - common, np.finfo(np.float32).tiny)
    return shares


POSE_DETECTOR = SsdDetector(
    file=network(
        "pose_detection/pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    ),
    side=224,
    low=-1,
    strides=(8, 16, 32, 32, 32),
    num_points=4,
)
"""Bodies. The box says little; points: mid hips, a point on the circle around the whole body (its direction
from the hips is the body's up), mid shoulders, a point on the circle around the upper body."""

PALM_DETECTOR = SsdDetector(
    file=network(
        "palm_detection/palm_detection_full.tflite",
        "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    ),
    side=192,
    low=0,
    strides=(8, 16, 16, 16),
    num_points=7,
)
"""Palms; points: wrist, roots of index, middle, ring and little finger, base and root of the thumb."""

FACE_DETECTOR_NEAR = SsdDetector(
    file=network(
        "face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    side=128,
    low=-1,
    strides=(8, 16, 16, 16),
    num_points=6,
)
"""Faces from a fifth of the crop on; points: right eye, left eye, nose tip, mouth, right ear, left ear."""

FACE_DETECTOR_FAR = SsdDetector(
    file=network(
        "face_detection/face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    ),
    side=192,
    low=-1,
    strides=(4,),
    num_points=6,
    per_cell=1,
)
"""Faces from a twentieth of the crop on; points as of `FACE_DETECTOR_NEAR`."""
