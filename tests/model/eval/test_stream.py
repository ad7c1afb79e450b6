"""Films past meters: each frame once, beside its truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.eval.feature_meter import STEP, WINDOW, FeatureMeter
from model.eval.networks import Networks
from model.eval.picture_meter import PictureMeter
from model.eval.stream import measure


def moving(frames: int, side: int = 32, seed: int = 1) -> NDArray[np.uint8]:
    """Smooth pictures that move a pixel a frame."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    picture = np.kron(coarse, np.ones((side // 8, side // 8, 1), np.uint8))
    return np.stack([np.roll(picture, t, axis=1) for t in range(frames)])


class FirstFrames(nn.Module):
    """A feature of windows: the first value of the first frame, and how much follows it."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, 0, 0, 0, 0], torch.full((len(x),), float(x.shape[2]))], dim=1)


@pytest.mark.parametrize(("frames", "windows"), [(3, 0), (16, 1), (24, 2), (27, 2), (40, 4)])
def test_windows_overlap_by_half_and_a_tail_is_dropped(frames: int, windows: int) -> None:
    film = np.zeros((frames, 32, 32, 3), np.uint8)
    film[:] = np.arange(frames)[:, None, None, None] * 5
    meter = FeatureMeter(Networks(i3d=FirstFrames()))  # type: ignore[arg-type]
    rows = measure([meter], film, None).features.get("i3d", np.zeros((0, 2)))
    assert (WINDOW, STEP) == (16, 8)
    starts = (rows[:, 0] * 127.5 + 127.5) / 5
    np.testing.assert_allclose(starts, np.arange(windows) * 8, atol=0.01)
    assert set(rows[:, 1]) <= {16.0}


def test_every_frame_is_scored_once_and_a_worse_one_is_seen_where_it_is() -> None:
    truth = moving(27)
    made = truth.copy()
    made[17] = 255 - made[17]
    frames = measure([PictureMeter(Networks())], made, truth).frames
    assert {name: len(values) for name, values in frames.items()} == {
        "psnr": 27,
        "ssim_gauss_rgb": 27,
        "ssim_disco": 27,
    }
    assert [t for t, value in enumerate(frames["psnr"]) if value < 100] == [17]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (moving(19), "differ in length: the made one ends after 19 frames"),
        (moving(21), "differ in length: the true one ends after 20 frames"),
        (moving(20, side=40), "differ in size: 40x40 and 32x32 px"),
        (moving(20)[:0], "differ in length: the made one ends after 0 frames"),
    ],
)
def test_films_that_do_not_fit_are_refused(made: NDArray[np.uint8], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        measure([PictureMeter(Networks())], made, moving(20))


def test_a_film_without_frames_is_none() -> None:
    with pytest.raises(ValueError, match="without frames"):
        measure([], moving(1)[:0], None)
