"""The three operations of the face mesh that LiteRT lacks, on numbers with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimators.mediapipe.attention import NUM_IRIS, SPREAD, AttentionMesh, Part, cut
from pipeline.estimators.mediapipe.face import MESH_NETWORK
from pipeline.estimators.mediapipe.net import load


def grid() -> np.ndarray:
    """Features of 6 x 5 cells that hold their own x and y."""
    y, x = np.mgrid[:6, :5].astype(np.float32)
    return np.stack([x, y], axis=-1)


def box(x: float, y: float, scale: float = 1.0, angle: float = 0.0) -> np.ndarray:
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y]])


def test_a_box_on_whole_cells_holds_them() -> None:
    np.testing.assert_allclose(cut(grid(), box(1, 2), 3), grid()[2:5, 1:4])


def test_between_cells_features_are_linear() -> None:
    np.testing.assert_allclose(cut(grid(), box(1.25, 2.5), 2)[0, 0], [1.25, 2.5])


def test_a_cell_of_half_the_size_lies_a_quarter_from_the_middle() -> None:
    np.testing.assert_allclose(cut(grid(), box(1, 1, scale=0.5), 2)[..., 0], [[0.75, 1.25], [0.75, 1.25]])


def test_a_turned_box_is_read_along_its_own_sides() -> None:
    found = cut(grid(), box(3, 1, angle=np.pi / 2), 2)  # its x runs down, its y to the left
    np.testing.assert_allclose(found, [[[2, 1], [2, 2]], [[1, 1], [1, 2]]], atol=1e-6)


def test_outside_there_is_nothing() -> None:
    assert cut(grid() + 1, box(-2, 0), 2).max() == 0
    np.testing.assert_allclose(cut(grid() + 1, box(3.2, 0), 2)[0, :, 0], [4.2, 0])


def test_a_box_is_level_with_its_points_and_wider_than_they_are() -> None:
    mesh = np.array([[0.0, 0], [10, 10], [4, 6], [6, 4]])  # a line of 14.1 with 1.41 to both sides
    part = Part(points=np.arange(4), left=0, right=1, cells=4)
    matrix = part.box(mesh)
    middle = matrix[:, :2] @ (2, 2) + matrix[:, 2]
    np.testing.assert_allclose(middle, [5, 5])
    across, down = matrix[:, 0] * 4, matrix[:, 1] * 4
    np.testing.assert_allclose(across, SPREAD * np.array([10, 10]))
    np.testing.assert_allclose(down, SPREAD * np.array([-2, 2]), atol=1e-9)


@pytest.fixture(scope="module")
def mesh() -> AttentionMesh:
    return AttentionMesh(load(MESH_NETWORK))


def test_the_file_says_which_points_each_part_replaces(mesh: AttentionMesh) -> None:
    lips, left, right = mesh.parts
    assert [len(part.points) for part in mesh.parts] == [80, 71, 71]
    assert (lips.left, lips.right, lips.cells) == (61, 291, 16)
    assert lips.points[:3].tolist() == [61, 146, 91]
    assert (left.points[0], right.points[0]) == (33, 263)
    assert mesh.part_of == [0, 1, 1, 2, 2]


def test_parts_replace_points_and_irises_take_the_depth_of_their_lids(mesh: AttentionMesh) -> None:
    skin = np.zeros((468, 3), np.float32)
    skin[:, 2] = np.arange(468)
    parts = [np.full((size, 2), number + 1.0) for number, size in enumerate((80, 71, NUM_IRIS, 71, NUM_IRIS))]
    points = mesh.together(skin, parts)
    assert points.shape == (478, 3)
    assert points[61].tolist() == [1, 1, 61]
    assert points[33].tolist() == [2, 2, 33]
    assert points[263].tolist() == [4, 4, 263]
    assert points[0 + 4].tolist() == [0, 0, 4]  # the nose is the mesh's own
    lids = [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173]
    np.testing.assert_allclose(points[468:473], np.tile([3, 3, np.mean(lids)], (NUM_IRIS, 1)))
    assert points[473, :2].tolist() == [5, 5]
