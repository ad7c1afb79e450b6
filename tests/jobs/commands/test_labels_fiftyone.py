"""What `understudy labels` writes, imported by FiftyOne as docs/audit.md says.

Its packages are not those of our lock, and it needs a database: it is asked in an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from dataset.index import read_index
from jobs.cli import main
from tests.docs.blocks import blocks_of

TELL = """
print(json.dumps([
    len(points), len(points.default_skeleton.labels),
    sum(visible > 0 for one in points.values("ground_truth.keypoints.visible") for visible in one[0]),
    sum(x == x for one in points.values("ground_truth.keypoints.points") for x, _ in one[0]),
    clips.values("key"), clips.values("num_frames"), clips.values("has_audio"), clips.bounds("yaw_min"),
]))
fo.delete_dataset(points.name), fo.delete_dataset(clips.name)
"""


def test_fiftyone_imports_key_points_and_numbers(data_set: Path, tmp_path: Path) -> None:
    if not (python := os.environ.get("FIFTYONE_PYTHON")):
        pytest.skip("FIFTYONE_PYTHON names no Python that has the package fiftyone")
    labels = tmp_path / "LABELS"
    assert main(["labels", str(data_set), "--out", str(labels)]) == 0
    (block,) = (one.text for one in blocks_of("docs/audit.md") if "import fiftyone" in one.text)
    ran = [python, "-c", block + TELL]
    done = subprocess.run(ran, cwd=tmp_path, capture_output=True, text=True, check=True)
    pictures, labelled, seen, placed, *told = json.loads(done.stdout.splitlines()[-1])
    people = json.loads((labels / "labels.json").read_text())["annotations"]
    rows = list(read_index(data_set).rows())
    assert (pictures, labelled) == (len(people), 58)
    assert seen == placed == sum(one["num_keypoints"] for one in people) > 0
    assert told[:3] == [
        [row.key for row in rows],
        [row.frames for row in rows],
        [row.has_audio for row in rows],
    ]
    assert told[3] == pytest.approx([min(row.yaw_min for row in rows), max(row.yaw_min for row in rows)])
