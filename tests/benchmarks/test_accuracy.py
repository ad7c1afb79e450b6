"""The accuracy table: known answers for its angles, labels and marks."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy.face import match
from benchmarks.accuracy.head import aflw_angles
from benchmarks.accuracy.identity import auc, rows_of
from benchmarks.accuracy.labels import (
    IBUG68,
    LANDMARKS,
    LabelledFace,
    face_sets,
    from_coco,
    from_dlib,
    from_pts,
)
from benchmarks.accuracy.table import Row, markdown
from pipeline.geometry import rotation_about
from schemas.tracks import FaceTrack


def turned(axis, degrees):
    return rotation_about(np.eye(3)[axis] * np.radians(degrees))


def test_angles_of_aflw2000_have_their_signs():
    """Yaw to image left, pitch up, roll clockwise as seen; in x right, y down, z forward."""
    assert aflw_angles(turned(1, 30)) == pytest.approx([30, 0, 0])
    assert (turned(1, 30) @ (0, 0, -1))[0] < 0  # the nose points to image left
    assert aflw_angles(turned(0, -20)) == pytest.approx([0, 20, 0])
    assert (turned(0, -20) @ (0, 0, -1))[1] < 0  # up
    assert aflw_angles(turned(2, 10)) == pytest.approx([0, 0, 10])
    assert (turned(2, 10) @ (1, 0, 0))[1] > 0  # the eyes' line falls to image right


def test_angles_of_aflw2000_have_their_order():
    assert aflw_angles(turned(0, -20) @ turned(1, 50) @ turned(2, 10)) == pytest.approx([50, 20, 10])


def row(**changes):
    base = Row(part="head", data="d", measure="m", value=6.0, goal=7.0, found=3, of=3)
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("changes", "reached"),
    [
        ({}, True),
        ({"value": 7.5}, False),
        ({"value": math.nan}, False),
        ({"found": 2}, False),  # a mean over what was found says nothing of what was missed
        ({"higher": True}, False),
        ({"value": 8.0, "higher": True}, True),
        ({"goal": None}, None),
    ],
)
def test_a_goal_is_reached_by_the_value_and_with_nothing_missed(changes, reached):
    assert row(**changes).reached is reached


def test_the_table_has_a_line_a_row():
    text = markdown([row(unit=" deg", note="why"), row(goal=None), row(value=math.nan, found=0)])
    assert text.splitlines()[2:] == [
        "| head | d | m | 6 deg | <= 7 deg | 3/3 | yes | why |",
        "| head | d | m | 6 |  | 3/3 |  |  |",
        "| head | d | m | none | <= 7 | 0/3 | no |  |",
    ]


def points68():
    return np.random.default_rng(0).uniform(100, 200, (68, 2)).round(3)


def test_pts_count_from_one(tmp_path):
    points = points68()
    lines = "\n".join(f"{x + 1} {y + 1}" for x, y in points)
    (tmp_path / "a.pts").write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")
    (tmp_path / "a.png").touch()
    (face,) = from_pts(tmp_path)
    assert face.picture == tmp_path / "a.png"
    np.testing.assert_allclose(face.points, points)
    np.testing.assert_allclose(face.landmarks, points[list(IBUG68)])


def test_unmarked_points_of_coco_are_left_out(tmp_path):
    marks = np.column_stack([points68(), np.ones(68)])
    marks[36] = 0  # the right eye's outer corner
    content = {
        "images": [{"id": 7, "file_name": "b.jpg"}],
        "annotations": [{"image_id": 7, "keypoints": marks.ravel().tolist()}],
    }
    (tmp_path / "labels.json").write_text(json.dumps(content))
    (face,) = from_coco(tmp_path / "labels.json", IBUG68)
    assert face.picture == tmp_path / "b.jpg"
    assert len(face.points) == 67
    assert np.isnan(face.landmarks[0]).all()
    assert not np.isnan(face.landmarks[1:]).any()


def test_dlib_files_name_every_box(tmp_path):
    parts = "".join(f"<part name='{i:02}' x='{i}' y='{2 * i}'/>" for i in range(68))
    box = f"<box top='0' left='0' width='9' height='9'>{parts}</box>"
    text = f"<dataset><images><image file='c.jpg'>{box}{box}</image></images></dataset>"
    (tmp_path / "c.xml").write_text(text)
    first, second = from_dlib(tmp_path / "c.xml")
    assert first.picture == second.picture == tmp_path / "c.jpg"
    assert first.landmarks[0].tolist() == [36, 72]


def test_all_labelled_faces_are_read(corpus):
    counts = {name: len(faces) for name, faces in face_sets(corpus / "groundtruth").items()}
    assert counts == {
        "face68_single": 2,
        "face68_300w": 2,
        "face68_300vw_frames": 4,
        "face68_groups": 18,
        "face98_wflw": 4,
        "face19_aflw": 2,
    }


def found(face, shift=0.0, *, valid=True):
    mesh = np.zeros((1, 478, 3), np.float32)
    mesh[0, list(LANDMARKS), :2] = face.landmarks + np.array([shift, 0])
    return FaceTrack(
        box=(face.box + np.tile([shift, 0], 2))[None].astype(np.float32),
        mesh=mesh,
        score=np.ones(1, np.float32),
        eyes_open=np.ones(1, np.float32),
        valid=np.array([valid]),
    )


def test_a_match_is_measured_in_the_distance_of_the_eyes(tmp_path):
    landmarks = np.array([(0, 0), (20, 0), (30, 0), (50, 0), (25, 30), (10, 50), (40, 50.0)])
    face = LabelledFace(tmp_path, np.vstack([landmarks, [(25, 80)]]), landmarks)
    same, beside = match(face, found(face)), match(face, found(face, 5.0))
    assert same is not None
    assert beside is not None
    assert (same.error, same.overlap, same.inside) == pytest.approx((0, 1, 1))
    assert beside.error == pytest.approx(0.1)
    assert beside.overlap == pytest.approx(45 / 55)
    assert match(face, found(face, 100.0)) is None  # another face
    assert match(face, found(face, valid=False)) is None


def test_who_is_nearer_in_how_many_draws() -> None:
    assert auc(np.array([0.1, 0.5]), np.array([0.5, 0.6])) == 7 / 8


def test_a_photograph_without_a_face_counts_as_missed() -> None:
    anna, bert = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    looks = {"a": (anna, bert), "b": (anna, anna), "c": (bert, bert), "d": None}
    faces, colours, within, strangers = rows_of(
        "made", looks, [("a", "b", True), ("a", "c", False), ("a", "d", True)]
    )
    assert (faces.value, colours.value, within.value, strangers.value) == (1.0, 0.0, 100.0, 0.0)
    assert (faces.found, faces.of, faces.reached) == (2, 3, False)
