"""Samples of the figure, opened without a tar: their truth, their pictures, and faults put into either."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.measures.opened import STEP, OpenedSample
from schemas.index import IndexRow
from tests.paint import frames_of
from tests.synth import Scene, true_controls

SCENE = Scene(width=192, height=288, num_frames=72, framing="half", turn_deg=(-15, 15), mood=4)


def opened(scene: Scene = SCENE, **changes: Any) -> OpenedSample:
    """A sample of a scene on a canvas of the scene's size; its first and last frames are its references."""
    frames, controls = frames_of(scene), true_controls(scene)
    boxes = controls.face_box.round().astype(int)
    faces = [
        cv2.resize(cut(frame, box), (224, 224), interpolation=cv2.INTER_LINEAR)
        for frame, box in zip(frames, boxes, strict=True)
    ]
    sample = OpenedSample(
        row=row_of(scene),
        controls=controls,
        to_canvas=np.eye(2, 3),
        reference_yaws=controls.body_yaw[[0, -1]].astype(np.float64),
        reference_frames=np.array([0, scene.num_frames - 1]),
        frames=frames[::STEP],
        faces=np.stack(faces),
        references=frames[[0, -1]],
        sound=None,
    )
    return replace(sample, **changes)


def cut(frame: NDArray[np.uint8], box: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The part of a frame in a box, black where that leaves the frame."""
    x0, y0, x1, y1 = box
    padded = cv2.copyMakeBorder(frame, 200, 200, 200, 200, cv2.BORDER_CONSTANT)
    return np.asarray(padded[y0 + 200 : y1 + 200, x0 + 200 : x1 + 200])


def with_controls(sample: OpenedSample, **arrays: NDArray[Any]) -> OpenedSample:
    """The sample with other numbers."""
    return replace(sample, controls=replace(sample.controls, **arrays))


def row_of(scene: Scene) -> IndexRow:
    """The row of a sample of a scene; what no measure looks at is empty."""
    empty = {"str": "", "int": 0, "float": 0.0, "bool": False}
    kinds = {name: str(field.type) for name, field in IndexRow.__dataclass_fields__.items()}
    values: dict[str, Any] = {name: empty.get(kind, "half") for name, kind in kinds.items()}
    size = {"width": scene.width, "height": scene.height, "frames": scene.num_frames}
    return IndexRow(**(values | size | {"framing": scene.framing}))
