"""The room of mediapipe: what it says where it cannot run, and that it is quiet where it can."""

from __future__ import annotations

import hashlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from engine.core import EstimatorUnavailable
from pipeline.estimators.mediapipe.detectors import FACE_DETECTOR_NEAR
from pipeline.estimators.mediapipe.graph import Graph, card, package, read_detections


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(EstimatorUnavailable, match=r"pip install mediapipe==0\.10\.21"):
        package()


def test_a_version_without_networks_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", SimpleNamespace(__version__="1.2.2"))
    with pytest.raises(EstimatorUnavailable, match=r"found 1\.2\.2"):
        package()


def test_a_network_that_is_not_there_is_an_error_at_once():
    text = FACE_DETECTOR_NEAR.text(0.5).replace("short_range", "no_range")
    with pytest.raises(EstimatorUnavailable, match="no_range"):
        Graph(text, {"detections": read_detections}, FACE_DETECTOR_NEAR.side)


def test_nothing_is_written_to_the_terminal(capfd):
    graph = FACE_DETECTOR_NEAR.start(0.5)
    assert graph(np.zeros((128, 128, 3), np.uint8)) == {"detections": None}
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_card_names_the_networks_by_their_content():
    one = card("some", (FACE_DETECTOR_NEAR.model,))
    assert one.version == "mediapipe 0.10.21"
    assert one.licence == "Apache-2.0"
    assert len(one.weights_sha256) == hashlib.sha256().digest_size * 2
    assert one.weights_sha256 != card("some", ("palm_detection/palm_detection_full.tflite",)).weights_sha256
