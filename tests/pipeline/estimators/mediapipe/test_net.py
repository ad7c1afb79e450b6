"""Networks run by LiteRT: the numbers of MediaPipe's own graphs, quietly, or a sentence."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from pipeline.estimators.crops import Square
from pipeline.estimators.mediapipe.attention import AttentionMesh
from pipeline.estimators.mediapipe.detectors import (
    FACE_DETECTOR_FAR,
    FACE_DETECTOR_NEAR,
    PALM_DETECTOR,
    POSE_DETECTOR,
    SsdDetector,
)
from pipeline.estimators.mediapipe.face import MESH_NETWORK, MESH_SIDE
from pipeline.estimators.mediapipe.hand_net import HandNet
from pipeline.estimators.mediapipe.net import Net, as_input, card, load, network, score, sigmoid
from pipeline.estimators.mediapipe.pose import POSE_NETWORK, PoseNet

DETECTORS = {
    "pose": POSE_DETECTOR,
    "palm": PALM_DETECTOR,
    "face_near": FACE_DETECTOR_NEAR,
    "face_far": FACE_DETECTOR_FAR,
}
WHOLE = Square.whole(512, 512)


@pytest.fixture(scope="module")
def golden() -> Any:
    """What MediaPipe 0.10.21's own graphs gave for the same crops of the same photograph."""
    return json.loads(Path(__file__).with_name("golden.json").read_text())


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    return np.asarray(skimage.data.astronaut(), np.uint8)


def test_the_pose_is_that_of_the_graph(golden: Any, photo: NDArray[np.uint8]) -> None:
    known = golden["pose"]
    pose = PoseNet()(photo, Square(*known["square"]))
    assert pose.presence == pytest.approx(known["presence"], abs=1e-3)
    np.testing.assert_allclose(pose.points, known["points"], atol=5e-3)
    np.testing.assert_allclose(pose.visibility, known["visibility"], atol=1e-4)
    np.testing.assert_allclose(pose.world, known["world"], atol=1e-4)


def test_the_hand_is_that_of_the_graph(golden: Any, photo: NDArray[np.uint8]) -> None:
    known = golden["hand"]
    hand = HandNet()(photo, Square(*known["square"]))
    assert (hand.presence, hand.right) == pytest.approx((known["presence"], known["right"]), abs=1e-3)
    np.testing.assert_allclose(hand.points, known["points"], atol=5e-3)
    np.testing.assert_allclose(hand.world, known["world"], atol=1e-4)


def test_the_mesh_is_that_of_the_graph_with_lips_lids_and_irises(
    golden: Any, photo: NDArray[np.uint8]
) -> None:
    known = golden["mesh"]
    crop = Square(*known["square"]).cut(photo, MESH_SIDE)
    look = AttentionMesh(load(MESH_NETWORK))(as_input(crop, low=0))
    assert score(sigmoid(look.presence)) == pytest.approx(known["presence"], abs=1e-3)
    np.testing.assert_allclose(look.points[known["index"]], known["points"], atol=5e-3)


@pytest.mark.parametrize("name", DETECTORS)
def test_what_a_detector_finds_is_what_the_graph_finds(
    name: str, golden: Any, photo: NDArray[np.uint8]
) -> None:
    kind: SsdDetector = DETECTORS[name]
    found = kind.start(0.3)(WHOLE.cut(photo, kind.side))
    assert len(found) == len(golden["detections"][name])
    if len(found):
        # Crops are shrunk by OpenCV, which rounds otherwise on processors without AVX: 0.2 px.
        np.testing.assert_allclose(found, golden["detections"][name], atol=1e-3)


def test_the_same_crop_gives_the_same_numbers_whatever_was_asked_before(photo: NDArray[np.uint8]) -> None:
    net = Net(load(POSE_NETWORK))
    crop = as_input(WHOLE.cut(photo, 256), low=0)
    first = net(crop)
    net(crop[:, ::-1].copy())
    assert all(np.array_equal(one, again) for one, again in zip(first, net(crop), strict=True))


def test_black_is_low_and_white_is_one() -> None:
    picture = np.array([[[0, 255, 51]]], np.uint8)
    np.testing.assert_allclose(as_input(picture, low=-1)[0, 0, 0], [-1, 1, -0.6], atol=1e-6)
    np.testing.assert_allclose(as_input(picture, low=0)[0, 0, 0], [0, 1, 0.2], atol=1e-6)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(EstimatorUnavailable, match="needs ai-edge-litert"):
        Net(b"")


def test_a_missing_file_is_named_with_the_command_that_fetches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path))
    with pytest.raises(EstimatorUnavailable, match=r"pose_landmark_full\.tflite .*`understudy weights`"):
        load(POSE_NETWORK)


def test_a_file_that_is_no_network_is_a_sentence() -> None:
    with pytest.raises(EstimatorUnavailable, match="LiteRT cannot run a network"):
        Net(b"no network at all" * 10)


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    found = FACE_DETECTOR_NEAR.start(0.5)(np.zeros((128, 128, 3), np.uint8))
    assert found.shape == (0, 17)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_card_names_the_networks_by_their_content() -> None:
    one = card("some", (FACE_DETECTOR_NEAR.file,))
    assert (one.version, one.licence) == ("mediapipe 0.10.21", "Apache-2.0")
    assert len(one.weights_sha256) == hashlib.sha256().digest_size * 2
    assert one.weights_sha256 != card("some", (PALM_DETECTOR.file,)).weights_sha256
    other = network("face_detection/face_detection_short_range.tflite", "0" * 64)
    assert one.weights_sha256 != card("some", (other,)).weights_sha256
