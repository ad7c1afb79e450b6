"""Every mixture of estimators that fits gives the truth back, by networks that know it behind real crops.

Pictures tell where they are cut: red says x, green y, blue which frame. So a network reads its crop's place
off the pixels that it is shown, mirrored or not, and answers what is true there.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy
from numpy.typing import NDArray

from jobs.recipes.curation import research
from pipeline.controls.smplx_tree import ELBOWS, turns_in_camera
from pipeline.estimators.batches import ON_PROCESSOR
from pipeline.estimators.crop_grid import Cutter
from pipeline.estimators.crops import Square
from pipeline.estimators.faceverse.head import RegressedHead
from pipeline.estimators.fakes import ColourHistogram
from pipeline.estimators.head_pose import SPHERE_RADIUS_CM, MeshHeadTracker
from pipeline.estimators.hmr.body import OURS, HmrBody, MeshBody
from pipeline.estimators.hmr.body_model import MANO, SMPL, SMPLX, ModelKind, SmplModel
from pipeline.estimators.hmr.camera import focal_px
from pipeline.estimators.hmr.crop import DEVIATION, MEAN
from pipeline.estimators.hmr.hands import OURS as OUR_HAND
from pipeline.estimators.hmr.hands import HmrHands, MeshHands
from pipeline.estimators.hmr.loaded import called
from pipeline.estimators.keypoints import ARMS_AND_LEGS, WHOLE_BODY
from pipeline.estimators.mediapipe.pose import POINTS, Pose
from pipeline.estimators.rtmpose import topdown
from pipeline.estimators.rtmpose.person import RtmPerson, WholeBodyTracker
from pipeline.geometry import bounding_box, grow_box, head_rotation, principal_point, project, rotation_vector
from pipeline.stages.clip_tracks import ClipWork, Estimators
from pipeline.stages.estimate import asked
from schemas.arrays import taken
from schemas.joints import BODY_JOINTS
from schemas.tracks import BodyTrack, Embeddings, EstimatorCard, HandTrack
from tests.contracts.crop_places import FRAMES, CropPlace, film, when
from tests.pipeline.estimators.dots import person_with, weak_camera_of
from tests.pipeline.estimators.faceverse.test_head import (
    FOCAL,
    HEIGHT,
    MIDDLE,
    WIDTH,
    head_model,
    seen_faces,
    seen_from,
    wrong_by_some,
)
from tests.pipeline.estimators.hmr.models import arrays_of, rest_of

Array = NDArray[np.float64]
CARD = EstimatorCard(name="exact", version="1", weights_sha256="", licence="none")
WINDOWS = (0, 3, 7, 8)
SIZE = (288, 384)
MIRROR = np.array([-1.0, 1.0, 1.0])
CANVAS_MIDDLE = principal_point(WIDTH, HEIGHT)


def turns(count: int, spread: float, seed: int) -> Array:
    """Rotations (t, count, 3, 3); the first of each turns freely."""
    vectors = np.random.default_rng(seed).normal(0, spread, (FRAMES, count, 3))
    return np.asarray(
        scipy.spatial.transform.Rotation.from_rotvec(vectors.reshape(-1, 3))
        .as_matrix()
        .reshape(FRAMES, count, 3, 3)
    )


class Truth:
    """A person whose body, hands and head are known in every frame."""

    def __init__(self) -> None:
        self.body, self.hand = (called(SmplModel(kind, self.arrays(kind))) for kind in (SMPL, MANO))
        focal = focal_px(WIDTH, HEIGHT)
        self.turns = turns(24, 0.2, 0)
        self.turns[:, 0] = self.turns[:, 0] @ np.diag([1.0, -1.0, -1.0])
        self.joints = self.places(self.body, self.turns, OURS) + np.array([0.0, 0.1, 60.0])
        self.joints2d = project(self.joints, focal, CANVAS_MIDDLE)
        self.wrists = turns_in_camera(self.turns[:, :22])[:, list(ELBOWS)] @ turns(2, 0.4, 7)
        self.hands = [
            np.concatenate([self.wrists[:, [side]], turns(15, 0.2, 1 + side)], 1) for side in (0, 1)
        ]
        self.hands[0] = MIRROR[:, None] * self.hands[0] * MIRROR  # the left as the right one in its mirror
        hands = [self.places(self.hand, own, OUR_HAND) for own in self.hands]
        hands[0] = hands[0] * MIRROR
        wrists = self.joints[:, [BODY_JOINTS.index(f"{side}_wrist") for side in ("left", "right")]]
        self.hands3d = np.stack([hand - hand[:, :1] for hand in hands], axis=1) + wrists[:, :, None]
        self.hands2d = project(self.hands3d, focal, CANVAS_MIDDLE)
        self.points = np.tile(self.joints2d[:, :1], (1, len(WHOLE_BODY), 1))
        for name in ARMS_AND_LEGS:
            self.points[:, WHOLE_BODY.index(name)] = self.joints2d[:, BODY_JOINTS.index(name)]
        self.points[:, 91:] = self.hands2d.reshape(FRAMES, 42, 2)
        self.box = grow_box(bounding_box(self.points), 1.3)
        yaw = np.linspace(-0.3, 0.3, FRAMES)
        self.heads = head_rotation(yaw, yaw[::-1] / 2, yaw / 3)

    def head_places(self, embedded: tuple[str, ...]) -> Array:
        """Places (t, 3), cm, where the tracker is exact: FaceVerse's camera is that of near faces."""
        return np.tile([0.0, 0.0, 250.0 if "head" in embedded else 94.0], (FRAMES, 1))

    @staticmethod
    def places(model, rotations: Array, ours) -> Array:
        """Joints (t, n, 3), m."""
        betas = np.zeros((len(rotations), 10), np.float32)
        return np.asarray(model(rotations.astype(np.float32), betas)[:, list(ours)], np.float64)

    @staticmethod
    def arrays(kind: ModelKind) -> dict[str, Any]:
        """Of a model's file, but that toes and tips of fingers are moved by their joints alone."""
        arrays = arrays_of(kind)
        arrays["posedirs"][:] = 0
        return arrays

    @staticmethod
    def shaped(betas):
        """SMPL-X's shapes, and its bones."""
        return betas, np.tile(rest_of(SMPLX), (len(betas), 1, 1)).astype(np.float32)

    def whole_body(self, crops):
        """Rows with a peak where each point is."""
        rows = [np.zeros((len(crops), len(WHOLE_BODY), 2 * side), np.float32) for side in SIZE]
        for b, crop in enumerate(crops):
            place = CropPlace.of(crop * topdown.DEVIATION + topdown.MEAN)
            bins = np.round(2 * place.from_picture(self.points[place.frame])).astype(int)
            for axis in (0, 1):
                rows[axis][b, np.arange(len(bins)), bins[:, axis].clip(0, 2 * SIZE[axis] - 1)] = 0.9
        return tuple(rows)

    def bodies(self, crops):
        """Rotations, no shape, and the camera by which joints are where they are in the crop."""
        return self.meshes(crops, lambda at: (self.turns[at.frame], self.body, OURS, self.joints2d[at.frame]))

    def right_hands(self, crops):
        """The same of hands, the left one where the crop is of a mirrored picture."""

        def known(at: CropPlace):
            side = int(at.step[0] > 0)
            return self.hands[side][at.frame], self.hand, OUR_HAND, self.hands2d[at.frame, side]

        return self.meshes(crops, known)

    def meshes(self, crops, known):
        """What a network of meshes says of crops; `known` tells rotations, model, order and pixels."""
        said = []
        for crop in crops:
            place = CropPlace.of(255 * (crop * DEVIATION[:, None, None] + MEAN[:, None, None]))
            own, model, order, pixels = known(place)
            joints = self.places(model, own[None], order)[0]
            said.append((own, np.zeros(10), weak_camera_of(joints, place.from_picture(pixels))))
        return tuple(np.stack(part).astype(np.float32) for part in zip(*said, strict=True))

    def people(self, frames):
        """The person in every frame of a window."""
        seen = {}
        for t, frame in enumerate(frames):
            corners = np.tile(self.box[when(frame), :2], (33, 1))
            corners[1::2] = self.box[when(frame), 2:]
            depths = np.random.default_rng(0).normal(size=(33, 3))
            seen[t] = Pose(0.9, corners, np.ones(33), depths, Square(100.0, 100.0, 300.0))
        return seen, np.zeros(len(frames))


class ToldByWindow:
    """An embedded estimator that tells the truth of each window."""

    card = CARD

    def __init__(self, track) -> None:
        self.track = track

    def __call__(self, frames, *_):
        return taken(self.track, np.array([when(frame) for frame in frames]))


@cache
def known() -> Truth:
    """The person."""
    return Truth()


def stack(true: Truth, embedded: tuple[str, ...], cutter: Cutter = ON_PROCESSOR) -> Estimators:
    """Every role by a network that knows the answer, but for those that are embedded."""
    person = person_with(POINTS, np.zeros((FRAMES, len(POINTS), 2)), true.box)
    body = BodyTrack(
        joints2d=true.joints2d.astype(np.float32), joints3d=true.joints.astype(np.float32),
        score=np.ones((FRAMES, 16), np.float32), valid=np.ones(FRAMES, np.bool_),
        focal_px=focal_px(WIDTH, HEIGHT), rotations=true.turns[:, :22].astype(np.float32),
        betas=np.zeros((FRAMES, 10), np.float32), rest=np.zeros((FRAMES, 67, 3), np.float32),
    )  # fmt: skip
    hands = HandTrack(
        points2d=true.hands2d.astype(np.float32),
        points3d=(true.hands3d - true.hands3d[:, :, :1]).astype(np.float32),
        score=np.ones((FRAMES, 2), np.float32), rotations=told_hands(true).astype(np.float32),
    )  # fmt: skip
    paper: dict[str, Any] = {
        "person": WholeBodyTracker(
            RtmPerson(batch=3), true.people, true.whole_body, SIZE, CARD, by_visibility=False, cutter=cutter
        ),
        "body": MeshBody(HmrBody(batch=3), true.bodies, true.body, true.shaped, CARD, cutter),
        "hands": MeshHands(HmrHands(batch=3), true.right_hands, true.hand, CARD, cutter),
        "head": RegressedHead(wrong_by_some, head_model(), CARD, 3, cutter),
    }
    packaged: dict[str, Any] = {
        "person": ToldByWindow(person),
        "body": ToldByWindow(body),
        "hands": ToldByWindow(hands),
        "head": MeshHeadTracker(),
    }
    return Estimators(
        **(paper | {role: packaged[role] for role in embedded}),
        face=ToldByWindow(seen_faces(true.heads, true.head_places(embedded))),
        appearance=ColourHistogram(),
        identity=ToldByWindow(Embeddings(vectors=np.zeros((FRAMES, 4), np.float32))),
    )


def told_hands(true: Truth) -> Array:
    """Rotations (t, 2, 16, 3, 3) of both hands as tracks have them."""
    return np.stack([MIRROR[:, None] * true.hands[0] * MIRROR, true.hands[1]], axis=1)


def fitting() -> list[tuple[str, ...]]:
    """All choices of embedded roles that the recipe allows."""
    roles, found = ("person", "body", "hands", "head"), []
    for number in range(len(roles) + 1):
        for embedded in itertools.combinations(roles, number):
            with suppress(ValueError):
                research(Path("W"), embedded)
                found.append(embedded)
    return found


def degrees(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """The largest angle between rotations."""
    between = np.swapaxes(one, -1, -2).astype(float) @ other.astype(float)
    return float(np.degrees(np.linalg.norm(rotation_vector(between), axis=-1)).max())


@cache
def told_of(embedded: tuple[str, ...], cutter: Cutter = ON_PROCESSOR) -> Any:
    """What a mixture says of the film, in windows."""
    work, shown = ClipWork(stack(known(), embedded, cutter), 3, {}, asked), film()
    for start, stop in itertools.pairwise(WINDOWS):
        work.see(shown[start:stop])
    return SimpleNamespace(**work.tracks())


@pytest.mark.parametrize("embedded", fitting(), ids="+".join)
def test_the_truth_comes_back(embedded: tuple[str, ...]) -> None:
    true, told = known(), told_of(embedded)
    heads_at = true.head_places(embedded)
    assert told.person.valid.all()
    assert told.body.valid.all()
    if "person" not in embedded:
        assert np.linalg.norm(told.person.points - true.points, axis=-1).max() < 1.0
    assert np.linalg.norm(told.body.joints2d - true.joints2d, axis=-1).max() < 1.0
    assert degrees(told.body.rotations, true.turns[:, :22]) < 1.0
    assert np.linalg.norm(told.hands.points2d - true.hands2d, axis=-1).max() < 1.0
    assert degrees(told.hands.rotations, told_hands(true)) < 1.0
    assert told.head.valid.all()
    assert degrees(told.head.rotation, seen_from(heads_at, true.heads)) < 1.0
    assert np.linalg.norm(told.head.center - project(heads_at, FOCAL, MIDDLE), axis=1).max() < 1.0
    np.testing.assert_allclose(told.head.radius, FOCAL * SPHERE_RADIUS_CM / heads_at[:, 2], rtol=0.02)
    assert told.appearance.frames.tolist() == [0, 3, 6]


def test_mixtures_are_many() -> None:
    assert len(fitting()) == 8
