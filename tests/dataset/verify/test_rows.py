"""Rows of an index that say what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset.index import read_index
from dataset.verify.rows import row_faults


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"schema": 4}, "schema"),
        ({"face_distance": 2.1}, "face_distance"),
        ({"bars_ratio": 1.0}, "bars_ratio"),
        ({"key": "../../etc-000000-0"}, "key"),
        ({"key": "a.b"}, "key"),
        ({"shard": "shards/640x960/000000.tar"}, "shard"),
        ({"bucket": "240x160"}, "bucket"),
        ({"width": 168, "bucket": "168x240", "shard": "shards/168x240/000000.tar"}, "size of the canvas"),
        ({"width": 9600, "bucket": "9600x96", "shard": "shards/9600x96/000000.tar"}, "size of the canvas"),
        ({"frames": 24, "stop_s": 1.0}, "frames"),
        ({"frames": 241, "stop_s": 241 / 24}, "frames"),
        ({"stop_s": 1.0}, "span"),
        ({"start_s": float("nan")}, "span"),
        ({"start_s": 1 / 24, "stop_s": 26 / 24}, "span"),
        ({"offset": 100}, "place in the tar"),
        ({"size": 0}, "place in the tar"),
        ({"framing": "closeup"}, "framing"),
        ({"sha256": "0" * 63}, "sha256"),
        ({"yaw_min": 9.0}, "yaw"),
        ({"yaw_max": float("inf")}, "yaw"),
        ({"reference_similarity": 1.1}, "reference_similarity"),
        ({"num_references": 5}, "num_references"),
        ({"face_ratio": 1.01}, "face_ratio"),
        ({"left_hand_ratio": float("nan")}, "left_hand_ratio"),
        ({"motion": -1.0}, "motion"),
        ({"person": "somebody"}, "person"),
        ({"subject": "anna"}, "person"),
        ({"person": "subject-0123456789ab"}, "person"),
        ({"usable_for": "anything"}, "usable_for"),
        ({"extra": "{'a': 'b'}"}, "extra"),
        ({"extra": '{"b":"c","a":"d"}'}, "extra"),
        ({"camera_focal": 0.0}, "camera"),
        ({"principal_x": float("nan")}, "camera"),
        ({"left_hand_in_view": 1.5}, "left_hand_in_view"),
        ({"head_score": -0.1}, "head_score"),
        ({"face_px": float("inf")}, "face_px"),
    ],
)
def test_a_row_that_cannot_be_is_named(changes: dict[str, Any], fault: str, data_set: Path) -> None:
    row = read_index(data_set).row(0)
    assert list(row_faults(row)) == []
    assert f"{fault} cannot be" in list(row_faults(replace(row, **changes)))
