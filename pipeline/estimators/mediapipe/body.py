"""Our body joints from the 33 points of mediapipe's pose network: no network runs here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.keypoints import METRES
from pipeline.estimators.mediapipe.net import card
from pipeline.estimators.mediapipe.pose import POINTS, POSE_NETWORK, P
from pipeline.geometry import assumed_focal_px, in_picture, principal_point
from schemas.joints import BODY_JOINTS, J
from schemas.media import Frames
from schemas.tracks import BodyTrack, EstimatorCard, KeypointTrack, no_model

Array = NDArray[np.float64]

BEYOND_TORSOS = 0.5
"""A joint so far outside the picture keeps its score: the limb that ends there shows where it leaves."""

NEAREST_SHARE = 0.25
"""No joint comes nearer to the camera than this share of the body's distance: nearer is a wrong guess."""


@dataclass(frozen=True, kw_only=True)
class MediapipeBody:
    """Settings of the body estimator."""

    reads: ClassVar[frozenset[str]] = frozenset(POINTS) | {METRES}

    neck_raise: float = 0.1
    """The neck lies this share of the spine (mid hips to mid shoulders) above the shoulders' middle."""
    min_score: float = 0.5
    """A joint of this score is seen."""
    min_joints: int = 3
    """A body of which fewer joints are seen in the picture is not valid."""

    def build(self) -> BodyMapper:
        """The estimator.

        Raises:
            EstimatorUnavailable: LiteRT or a network's file is missing.
        """
        return BodyMapper(self)


class BodyMapper:
    """`BodyEstimator` on the key points of `MediapipePerson`."""

    def __init__(self, settings: MediapipeBody) -> None:
        self.settings = settings
        self.weights = joint_weights(settings.neck_raise)
        self._card = card("mediapipe_body", (POSE_NETWORK,))

    @property
    def card(self) -> EstimatorCard:
        """Name, version, weights digest and licence, for provenance."""
        return self._card

    def __call__(self, frames: Frames, person: KeypointTrack, /) -> BodyTrack:
        """The joints in the picture, and in the camera frame at the depths that the network gives.

        The camera is the assumed one of `pipeline.geometry`. The body's distance is the one at which its
        metric points project onto the picture's best; each joint lies on its pixel's ray, at its own depth.
        Joints outside the picture, up to half a torso away, have the network's score: it tells them from what
        it sees of their limbs.

        Raises:
            ValueError: the key points are not those of mediapipe's pose network.
        """
        if person.names != POINTS:
            raise ValueError("the body estimator reads the 33 points of mediapipe's pose network only")
        height, width = frames.shape[1:3]
        focal_px, center = assumed_focal_px(width, height), principal_point(width, height)
        points, world = person.points.astype(np.float64), person.world.astype(np.float64)
        joints2d, metres = (np.einsum("jp,tpx->tjx", self.weights, values) for values in (points, world))
        away = np.ones(len(metres))
        result = person.score * in_picture(points, width, height)
        for t in np.flatnonzero(person.valid):
            away[t] = distance((points[t] - center) / focal_px, world[t], result[t])
        depth = np.maximum(metres[..., 2] + away[:, None], NEAREST_SHARE * away[:, None])
        rays = np.concatenate([(joints2d - center) / focal_px, np.ones((*depth.shape, 1))], axis=2)
        torso_px = np.linalg.norm(metres[:, J["neck"]] - metres[:, J["pelvis"]], axis=1) * focal_px / away
        near = outside_px(joints2d, width, height) <= BEYOND_TORSOS * torso_px[:, None]
        shares = np.abs(self.weights) / np.abs(self.weights).sum(axis=1)[:, None]
        score = np.einsum("jp,tp->tj", shares, person.score) * near * person.valid[:, None]
        seen = (score >= self.settings.min_score) & in_picture(joints2d, width, height)
        return BodyTrack(
            joints2d=joints2d.astype(np.float32),
            joints3d=(rays * depth[..., None] * person.valid[:, None, None]).astype(np.float32),
            score=score.astype(np.float32),
            valid=person.valid & (seen.sum(axis=1) >= self.settings.min_joints),
            focal_px=focal_px,
            **no_model(len(frames)),
        )


def joint_weights(neck_raise: float) -> Array:
    """(16, 33): each of our joints as a weighted sum of the network's points.

    The pelvis is the hips' middle. The network has no neck: SMPL-X's lies a little above the line of the
    shoulders, at the base of the neck, so it is put on the spine's line prolonged.
    """
    weights = np.zeros((len(BODY_JOINTS), len(POINTS)))
    sources = {"left_big_toe": "left_foot_index", "right_big_toe": "right_foot_index"}
    for row, name in zip(weights, BODY_JOINTS, strict=True):
        if name == "pelvis":
            row[[P["left_hip"], P["right_hip"]]] = 0.5
        elif name == "neck":
            row[[P["left_shoulder"], P["right_shoulder"]]] = 0.5 + neck_raise / 2
            row[[P["left_hip"], P["right_hip"]]] = -neck_raise / 2
        else:
            row[P[sources.get(name, name)]] = 1.0
    return weights


def outside_px(points: Array, width: int, height: int) -> Array:
    """How far (...) points (..., 2) lie outside the picture, px; 0 inside."""
    return np.asarray(
        np.linalg.norm(points - np.clip(points, -0.5, np.array([width, height]) - 0.5), axis=-1)
    )


def distance(rays: Array, world: Array, score: NDArray[np.float32]) -> float:
    """How far in front of the camera the origin of `world` lies, m.

    Least squares over points weighted by score: a shift s puts X + s on the ray (u, v, 1), so that
    s_x - u s_z = u Z - X, and the same for y: linear in s.
    """
    ones, zeros = np.ones(len(rays)), np.zeros(len(rays))
    rows_x = np.stack([ones, zeros, -rays[:, 0]], axis=1)
    rows_y = np.stack([zeros, ones, -rays[:, 1]], axis=1)
    sides = rays * world[:, 2:] - world[:, :2]
    weight = np.tile(score.astype(np.float64), 2)[:, None]
    rows, side = np.concatenate([rows_x, rows_y]), np.concatenate([sides[:, 0], sides[:, 1]])
    shift = np.linalg.lstsq(rows * weight, side * weight[:, 0], rcond=None)[0]
    return float(max(shift[2], 0.1))
