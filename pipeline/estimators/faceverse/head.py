"""Head rotation and sphere by FaceVerse v4, told as the embedded tracker tells them.

The network sees a crop of the face's box and gives a head's pose before the crop's camera; the face's
landmarks then put it right. The sphere's place and size on FaceVerse's head, and that head's axes, come from
laying the embedded tracker's canonical face over its mean shape: so both mean the same, and may be exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.batches import (
    ON_PROCESSOR,
    Batches,
    Net,
    cutter_on,
    digest_of,
    named_file,
    network_of,
    on_device,
)
from pipeline.estimators.clipwise import CropEstimator
from pipeline.estimators.crop_grid import CropGrid, Cutter
from pipeline.estimators.crops import levels, looked_up
from pipeline.estimators.faceverse.landmarks import AXIS, refined
from pipeline.estimators.faceverse.morphable import (
    FOCAL_PX,
    MIDDLE_PX,
    HeadModel,
    parted,
    project,
    turn,
)
from pipeline.estimators.head_pose import (
    SPHERE_CENTER_CM,
    SPHERE_RADIUS_CM,
    canonical,
    similarity,
    turn_towards,
)
from schemas.media import Frames
from schemas.placement import placement
from schemas.tracks import EstimatorCard, FaceTrack, HeadTrack

Array = NDArray[np.float64]
ARRAYS = ("meanshape", "idBase", "exBase", "ver_inds", "keypoints_mediapipe")
SIDE = 256
BESIDE, ABOVE, BELOW = 0.65, 0.7, 0.6
"""How far a crop reaches from the middle of a face's box, in parts of the box's longer side."""
NUM_MESH = 468
"""Landmarks of the face itself; those behind them are of the irises, which turn."""
LICENCE = "MIT (code); weights and model for research alone"


@dataclass(frozen=True, kw_only=True)
class FaceVerseHead:
    """Settings of the head tracker; reads any face of MediaPipe's mesh."""

    version: ClassVar[int] = 2
    reads: ClassVar[frozenset[str]] = frozenset()

    weights: Path | None = None
    """The regressor, `faceverse_resnet50.pth`."""
    model: Path | None = None
    """The morphable model, `faceverse_v4_2.npy`."""
    device: str = placement("cpu")
    """Where it runs: cpu, cuda, cuda:1."""
    batch: int = placement(32)
    """Crops at a time."""

    def build(self) -> RegressedHead:
        """The tracker.

        Raises:
            EstimatorUnavailable: a file or the device is missing.
            ValueError: a file is of another network or model, or the head looks away from the camera.
        """
        from pipeline.estimators.faceverse.net import face_regressor
        from storage.array_files import read_arrays

        weights = named_file(self.weights, "FaceVerse's regressor")
        model = named_file(self.model, "FaceVerse's model")
        net = on_device(network_of(weights, face_regressor), self.device)
        head = HeadModel.of(read_arrays(model, ARRAYS)).landmarks_only()
        digest = digest_of(weights, model)
        card = EstimatorCard(name="faceverse", version="v4", weights_sha256=digest, licence=LICENCE)
        return RegressedHead(net, head, card, self.batch, cutter_on(self.device))


@dataclass(frozen=True)
class FaceCrop:
    """The part of a picture around a face, in whole px; it may reach beyond the picture."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, box: NDArray[np.floating]) -> FaceCrop:
        """The crop for a box x0, y0, x1, y1 of landmarks."""
        (x0, y0, x1, y1), long = (float(v) for v in box), float(int(max(box[2:] - box[:2])))
        x, y, long = (x0 + x1) / 2, (y0 + y1) / 2, max(long, 2.0)
        sides = (x - BESIDE * long, y - ABOVE * long, x + BESIDE * long, y + BELOW * long)
        return cls(*(int(side) for side in sides))

    @property
    def scale(self) -> Array:
        """Px of the picture to one of the crop, of x and of y."""
        return np.array([self.right - self.left, self.bottom - self.top]) / SIDE

    def cut(self, picture: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """It (3, 256, 256), RGB in 0..1, black outside the picture."""
        height, width = picture.shape[:2]
        part = np.zeros((self.bottom - self.top, self.right - self.left, 3), np.uint8)
        x0, y0, x1, y1 = max(self.left, 0), max(self.top, 0), min(self.right, width), min(self.bottom, height)
        if x0 < x1 and y0 < y1:
            part[y0 - self.top : y1 - self.top, x0 - self.left : x1 - self.left] = picture[y0:y1, x0:x1]
        pixels = cv2.resize(part, (SIDE, SIDE))
        return looked_up(pixels, levels() / np.float32(255))

    def grid(self, *_: int) -> CropGrid:
        """Where its pixels lie in any picture; the outermost show its first and last pixels."""
        return CropGrid(
            size=(SIDE, SIDE),
            start=tuple(self.to_picture(np.zeros(2))),
            step=tuple(self.scale),
            held=((self.left, self.right - 1), (self.top, self.bottom - 1)),
            mean=(0.0, 0.0, 0.0),
            deviation=(255.0, 255.0, 255.0),
        )

    def from_picture(self, points: Array) -> Array:
        """Points (..., 2) of the picture, px, in the crop."""
        return np.asarray((points - (self.left, self.top) + 0.5) / self.scale - 0.5)

    def to_picture(self, points: Array) -> Array:
        """Points (..., 2) of the crop, px, in the picture."""
        return np.asarray((points + 0.5) * self.scale - 0.5 + (self.left, self.top))


@dataclass(frozen=True)
class Sphere:
    """The embedded tracker's sphere on FaceVerse's head, and its axes there."""

    center: Array
    radius: float
    axes: Array

    @classmethod
    def on(cls, head: HeadModel) -> Sphere:
        """That of a model's mean shape.

        Raises:
            ValueError: the mean head does not look at the camera, or is upside down: other axes are meant.
        """
        index, face, weight = canonical()
        rotation, scale, shift = similarity(face, head.mean[None, index], weight)
        if rotation[0, 2, 2] < 0.5 or rotation[0, 1, 1] < 0.5:
            raise ValueError(
                "no model of FaceVerse v4: its mean head does not stand upright before the camera"
            )
        center = scale[0] * rotation[0] @ np.array(SPHERE_CENTER_CM) + shift[0]
        return cls(center, float(SPHERE_RADIUS_CM * scale[0]), rotation[0])


class RegressedHead(CropEstimator[FaceTrack, HeadTrack]):
    """`HeadTracker` on the regressor and the landmarks of faces."""

    def __init__(
        self, net: Net, head: HeadModel, card: EstimatorCard, batch: int, cutter: Cutter = ON_PROCESSOR
    ) -> None:
        self.net = net
        self.cutter = cutter
        self.head = head
        self.sphere = Sphere.on(head)
        self.card = card
        self.batch = batch

    def begin(self) -> HeadOfClip:
        """It, at the beginning of a clip."""
        return HeadOfClip(self)

    def heads(self, coefficients: Array, mesh: Array, crops: list[FaceCrop]) -> tuple[Array, Array, Array]:
        """Rotations (n, 3, 3), centres (n, 2) px and radii (n,) px; one identity for all."""
        same = coefficients.copy()
        same[:, : self.head.identity.shape[2]] = coefficients[:, : self.head.identity.shape[2]].mean(axis=0)
        parts = parted(same)
        points = self.head.shaped(parts)[:, :NUM_MESH]
        pixels = np.stack([crop.from_picture(own) for crop, own in zip(crops, mesh, strict=True)])
        turned, shift = refined(points, turn(parts["angles"]), parts["shift"], pixels)
        middle = turned @ self.sphere.center + shift + AXIS
        flat = project(middle)[:, :2]
        scale = np.stack([crop.scale for crop in crops])
        towards = turn_towards(np.column_stack([flat - MIDDLE_PX, np.full(len(flat), FOCAL_PX)]))
        rotation = np.swapaxes(towards, 1, 2) @ turned @ self.sphere.axes
        center = np.stack([crop.to_picture(own) for crop, own in zip(crops, flat, strict=True)])
        return rotation, center, FOCAL_PX * self.sphere.radius / middle[:, 2] * scale.mean(axis=1)


class HeadOfClip:
    """`RegressedHead` over a clip: the head has one shape throughout it."""

    def __init__(self, tracker: RegressedHead) -> None:
        self.tracker = tracker
        self.batches = Batches(tracker.net, tracker.batch, tracker.cutter)
        self.valid: list[NDArray[np.bool_]] = []
        self.crops: list[FaceCrop] = []
        self.mesh: list[NDArray[np.float32]] = []

    def see(self, frames: Frames, faces: FaceTrack, /) -> None:
        """The faces of the next window."""
        self.valid.append(faces.valid)
        for t in np.flatnonzero(faces.valid):
            self.crops.append(FaceCrop.around(faces.box[t]))
            self.mesh.append(faces.mesh[t, :NUM_MESH, :2])
            self.batches.add(frames, int(t), self.crops[-1])

    def track(self) -> HeadTrack:
        """Rotation and sphere where the face is valid, elsewhere the identity and zeros."""
        valid = np.concatenate(self.valid)
        rotation = np.tile(np.eye(3, dtype=np.float32), (len(valid), 1, 1))
        center, radius = np.zeros((len(valid), 2), np.float32), np.zeros(len(valid), np.float32)
        if (rows := self.batches.rows()) is not None:
            coefficients, mesh = rows[0].astype(np.float64), np.stack(self.mesh).astype(np.float64)
            rotation[valid], center[valid], radius[valid] = self.tracker.heads(coefficients, mesh, self.crops)
        return HeadTrack(rotation=rotation, center=center, radius=radius, valid=valid)
