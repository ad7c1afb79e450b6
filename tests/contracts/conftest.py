"""The sets of estimators that must keep the contracts, and the films they look at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray

from pipeline.estimators.appearance.colours import ColourLayout
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.estimators.contracts import (
    Backend,
    BodyEstimator,
    FaceDetector,
    HandEstimator,
    HeadTracker,
    ImageEmbedder,
    PoseEstimator2D,
)
from pipeline.estimators.fakes import (
    FakeBody,
    FakeEmbedder,
    FakeFace,
    FakeHands,
    FakeHead,
    FakePose2D,
    save_truth,
)
from pipeline.estimators.head_pose import MeshHead
from pipeline.estimators.mediapipe.body import MediapipeBody
from pipeline.estimators.mediapipe.face import MediapipeFace
from pipeline.estimators.mediapipe.hands import MediapipeHands
from pipeline.estimators.mediapipe.person import MediapipePerson
from schemas.media import Frames
from schemas.tracks import BodyTrack, FaceTrack, HandTrack, HeadTrack, KeypointTrack
from tests.paint import frames_of
from tests.synth import Scene, truth

SCENE = Scene(width=256, height=384, num_frames=7, turn_deg=(-15, 20), absent=range(5, 6))


@dataclass(frozen=True)
class Tracks:
    """What a set of estimators says of a film."""

    person: KeypointTrack
    body: BodyTrack
    hands: HandTrack
    face: FaceTrack
    head: HeadTrack


@dataclass(frozen=True)
class BackendSet:
    """One backend of each role that follows people, and a film in which somebody is `there`."""

    person: Backend[PoseEstimator2D]
    body: Backend[BodyEstimator]
    hands: Backend[HandEstimator]
    face: Backend[FaceDetector]
    head: Backend[HeadTracker]
    film: Frames
    there: NDArray[np.bool_]

    @cached_property
    def estimators(self) -> EstimatorSet:
        """All estimators, built once."""
        return self.fresh()

    def fresh(self) -> EstimatorSet:
        """All estimators, built anew."""
        return EstimatorSet(
            self.person.build(), self.body.build(), self.hands.build(), self.face.build(), self.head.build()
        )


@dataclass(frozen=True)
class EstimatorSet:
    """One estimator of each role that follows people."""

    person: PoseEstimator2D
    body: BodyEstimator
    hands: HandEstimator
    face: FaceDetector
    head: HeadTracker

    def __call__(self, frames: Frames) -> Tracks:
        """All tracks of a film."""
        person = self.person(frames)
        return self.follow(frames, person)

    def follow(self, frames: Frames, person: KeypointTrack) -> Tracks:
        """All tracks of a film whose main person is told."""
        face = self.face(frames, person)
        return Tracks(
            person, self.body(frames, person), self.hands(frames, person), face, self.head(frames, face)
        )


@pytest.fixture(scope="session")
def truths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the truth of SCENE."""
    folder = tmp_path_factory.mktemp("truths")
    save_truth(folder, SCENE.number, truth(SCENE))
    return folder


def photo_film() -> Frames:
    """Seven frames of a real person, a photograph under a moving camera."""
    photo = skimage.data.astronaut()
    return np.stack([photo[4 * t : 4 * t + 430, 3 * t : 3 * t + 401] for t in range(7)])


@pytest.fixture(scope="session", params=["fakes", "mediapipe"])
def backends(request: pytest.FixtureRequest, truths: Path) -> BackendSet:
    """Backends of all roles that follow people."""
    if request.param == "fakes":
        return BackendSet(
            FakePose2D(truths=truths),
            FakeBody(truths=truths),
            FakeHands(truths=truths),
            FakeFace(truths=truths),
            FakeHead(truths=truths),
            frames_of(SCENE),
            truth(SCENE).person.valid,
        )
    film = photo_film()
    return BackendSet(
        MediapipePerson(),
        MediapipeBody(),
        MediapipeHands(),
        MediapipeFace(),
        MeshHead(),
        film,
        np.ones(len(film), np.bool_),
    )


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> OpenClip:
    """An OpenCLIP small enough to test with."""
    import open_clip

    folder = tmp_path_factory.mktemp("tiny")
    vision = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 4, "vocab_size": 16, "width": 16, "heads": 1, "layers": 1}
    config = {"embed_dim": 12, "vision_cfg": vision, "text_cfg": text}
    (folder / "contract-test.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)
    torch.save(open_clip.create_model("contract-test").state_dict(), folder / "weights.pt")
    return OpenClip(model="contract-test", tag="", weights=folder / "weights.pt")


@pytest.fixture(scope="session", params=["fake", "colours", "open_clip"])
def embedder(request: pytest.FixtureRequest, tiny_clip: OpenClip) -> Backend[ImageEmbedder]:
    """Backends that embed pictures."""
    backends: dict[str, Backend[ImageEmbedder]] = {
        "fake": FakeEmbedder(),
        "colours": ColourLayout(),
        "open_clip": tiny_clip,
    }
    return backends[request.param]
