"""Anchors, boxes and their merging, on made-up numbers."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.mediapipe.detectors import (
    FACE_DETECTOR_FAR,
    FACE_DETECTOR_NEAR,
    PALM_DETECTOR,
    POSE_DETECTOR,
    Detector,
    SsdDetector,
    anchors,
    merged,
    overlaps,
)


@pytest.mark.parametrize(
    ("kind", "number"),
    [(POSE_DETECTOR, 2254), (PALM_DETECTOR, 2016), (FACE_DETECTOR_NEAR, 896), (FACE_DETECTOR_FAR, 2304)],
)
def test_there_is_an_anchor_for_every_row_of_the_network(kind: SsdDetector, number: int) -> None:
    assert kind.start(0.5).anchors.shape == (number, 2)


def test_anchors_go_row_by_row_with_all_layers_of_a_stride_on_a_cell() -> None:
    found = anchors(4, (2, 4, 4), 1)
    assert found.tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75], [0.5, 0.5], [0.5, 0.5]]
    assert anchors(2, (2,), 2).tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_boxes_lie_about_their_anchors() -> None:
    detector = POSE_DETECTOR.start(0.5)
    raw, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), -9.0, np.float32)
    raw[0, 30] = [22.4, 0, 44.8, 22.4, 0, 0, 224, 0, 0, 0, 0, -224]  # px of the input of 224
    logits[0, [29, 30]] = [[-0.1], [np.log(3)]]
    detector.net = lambda _: [raw, logits]  # type: ignore[assignment]
    (row,) = detector(np.zeros((224, 224, 3), np.uint8))
    x, y = detector.anchors[30]
    np.testing.assert_allclose(row[:5], [0.75, x, y - 0.05, x + 0.2, y + 0.05], atol=1e-6)
    np.testing.assert_allclose(row[5:], [x, y, x + 1, y, x, y, x, y - 1], atol=1e-6)


def test_a_box_turned_inside_out_is_none() -> None:
    detector: Detector = POSE_DETECTOR.start(0.5)
    raw, logits = np.zeros((1, 2254, 12), np.float32), np.full((1, 2254, 1), 9.0, np.float32)
    raw[0, :, 2] = -1
    detector.net = lambda _: [raw, logits]  # type: ignore[assignment]
    assert detector(np.zeros((224, 224, 3), np.uint8)).shape == (0, 13)


def test_overlap_is_intersection_over_union() -> None:
    box = np.array([0, 0, 2, 2], np.float32)
    others = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [1, 1, 1, 1]], np.float32)
    np.testing.assert_allclose(overlaps(box, others), [1, 1 / 3, 0, 0])


def test_boxes_of_one_object_are_averaged_by_score_and_keep_the_best_one() -> None:
    rows = np.array(
        [[0.4, 1, 1, 3, 3, 9, 9], [0.8, 0.4, 1, 2.4, 3, 0, 0], [0.6, 10, 10, 12, 12, 5, 5]], np.float32
    )
    first, second = merged(rows)
    np.testing.assert_allclose(first, [0.8, 0.6, 1, 2.6, 3, 3, 3], atol=1e-6)
    np.testing.assert_allclose(second, rows[2])


def test_boxes_that_hardly_overlap_are_two_objects_and_an_empty_one_stays() -> None:
    rows = np.array([[0.9, 0, 0, 2, 2], [0.8, 1.1, 0, 3.1, 2], [0.7, 7, 7, 7, 7]], np.float32)
    np.testing.assert_allclose(merged(rows), rows)
    assert merged(rows[:0]).shape == (0, 5)
