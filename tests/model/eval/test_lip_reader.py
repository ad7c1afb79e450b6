"""Faces of a film become windows of five, 25 a second."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.eval.lip_reader import LipReader, squares
from schemas.tracks import FaceTrack


class Levels(nn.Module):
    """Tells the level of the last face of each window, blue first."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def lips(self, x: Tensor) -> Tensor:
        assert x.shape[1:] == (3, 5, 224, 224)
        return x[:, :1, -1, 100, 100].expand(-1, 1024)


def track(seen: list[bool]) -> FaceTrack:
    count = len(seen)
    return FaceTrack(
        box=np.tile(np.array([20, 10, 60, 50], np.float32), (count, 1)),
        mesh=np.zeros((count, 478, 3), np.float32),
        score=np.ones(count, np.float32),
        eyes_open=np.zeros(count, np.float32),
        valid=np.array(seen),
    )


@pytest.mark.parametrize(("fps", "last"), [(25.0, list(range(4, 20))), (50.0, [8, 10, 12, 14, 16, 18])])
def test_windows_are_of_five_faces_a_25th_apart(fps: float, last: list[int]) -> None:
    net: Any = Levels()
    reader = LipReader(net, fps)
    frames = np.zeros((20, 80, 80, 3), np.uint8)
    frames[..., 2] = np.arange(20)[:, None, None] * 10
    reader.see(frames[:7], track([True] * 7))
    reader.see(frames[7:], track([True] * 13))
    assert (reader.embeddings()[:, 0] / 10).tolist() == last


def test_windows_without_a_face_have_no_values() -> None:
    net: Any = Levels()
    reader = LipReader(net, 25.0)
    reader.see(np.zeros((8, 80, 80, 3), np.uint8), track([True, True, False, *[True] * 5]))
    assert reader.embeddings()[:, 0].isnan().tolist() == [True, True, True, False]


def test_a_square_is_wider_than_its_face_and_begins_with_it() -> None:
    np.testing.assert_allclose(squares(np.array([[20, 10, 60, 40]], np.float32)), [[12, 5, 68, 61]])
