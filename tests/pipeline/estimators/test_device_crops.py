"""Crops cut on a device show what those of the published recipes show, at the same places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy
import torch
from numpy.typing import NDArray

from pipeline.estimators.batches import ON_PROCESSOR, Batches, cutter_on
from pipeline.estimators.crop_grid import Cut
from pipeline.estimators.device_crops import OnDevice, cropped, window_on
from pipeline.estimators.faceverse.head import FaceCrop
from pipeline.estimators.hmr.crop import HmrCrop, Region
from pipeline.estimators.rtmpose.topdown import PaddedBox, PoseCrop

HEIGHT, WIDTH = 300, 400
CUTS: dict[str, Cut] = {
    "hmr enlarged": HmrCrop(Region(200.3, 150.7, 130.0)),
    "hmr shrunk": HmrCrop(Region(180.0, 160.25, 500.0)),
    "hmr blurred": HmrCrop(Region(210.4, 140.1, 620.0)),
    "hmr much blurred": HmrCrop(Region(10.0, 290.0, 1800.0)),
    "hmr mirrored": HmrCrop(Region(120.2, 90.6, 150.0), mirror=True),
    "hmr mirrored and blurred": HmrCrop(Region(330.9, 250.0, 700.0), mirror=True),
    "rtmpose": PoseCrop(PaddedBox.around(np.array([90.2, 40, 210, 280.5]), 0.75), 144, 192),
    "rtmpose at the border": PoseCrop(PaddedBox.around(np.array([-60.0, 100, 80, 420]), 0.75), 144, 192),
    "faceverse enlarged": FaceCrop.around(np.array([150.0, 60, 222.4, 161.9])),
    "faceverse shrunk": FaceCrop.around(np.array([100.0, 10, 330, 290])),
    "faceverse beyond the border": FaceCrop.around(np.array([-20.0, -30, 60, 70])),
}


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).uniform(-800, 1055, (HEIGHT, WIDTH, 3))
    return scipy.ndimage.gaussian_filter(noise, (3, 3, 0)).clip(0, 255).astype(np.uint8)


def both(picture: NDArray[np.uint8], cut: Cut) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The published crop and the device's, colours as levels of 0..255."""
    grid = cut.grid(WIDTH, HEIGHT)
    there = cropped(torch.from_numpy(picture), grid).numpy()
    mean, deviation = (np.array(colour)[:, None, None] for colour in (grid.mean, grid.deviation))
    one, other = (crop.astype(np.float64) * deviation + mean for crop in (cut.cut(picture), there))
    return one, other


def apart_px(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """By how much of a pixel of theirs two crops lie beside each other: least squares by slopes."""
    slopes = np.stack([np.gradient(one, axis=axis).ravel() for axis in (1, 2)], axis=1)
    return float(np.abs(np.linalg.lstsq(slopes, (other - one).ravel(), rcond=None)[0]).max())


@pytest.mark.parametrize("name", CUTS)
def test_they_are_the_published_ones(name: str, picture: NDArray[np.uint8]) -> None:
    one, other = both(picture, CUTS[name])
    assert one.std() > 10
    assert np.abs(one - other).max() < 3.0  # OpenCV reads blurred pictures on a grid of 1 / 32 px
    assert np.abs(one - other).mean() < 0.15
    assert apart_px(one, other) < 0.02


def test_whole_levels_are_the_same_but_for_a_few_that_lie_between_two(picture: NDArray[np.uint8]) -> None:
    one, other = both(picture, CUTS["rtmpose"])
    assert np.abs(one - other).max() < 1.01
    assert (np.abs(one - other) > 0.01).mean() < 0.002


def test_a_crop_beside_the_picture_is_black(picture: NDArray[np.uint8]) -> None:
    for cut in (HmrCrop(Region(5000.0, 100.0, 700.0)), HmrCrop(Region(100.0, -900.0, 80.0))):
        one, other = both(picture, cut)
        np.testing.assert_allclose(one, 0, atol=1e-4)
        np.testing.assert_allclose(other, 0, atol=1e-4)


def test_frames_go_to_a_device_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
    frames.setflags(write=False)
    sent: list[int] = []
    whole = torch.from_numpy

    def counted(array: NDArray[np.uint8]) -> torch.Tensor:
        sent.append(len(array))
        return whole(array)

    monkeypatch.setattr(torch, "from_numpy", counted)
    body, hands = OnDevice("cpu"), OnDevice("cpu")
    for cutter in (body, hands, body):
        cutter(frames, 1, CUTS["hmr enlarged"])
    assert sent == [2]
    hands(frames[:1].copy(), 0, CUTS["hmr enlarged"])
    body(frames, 0, CUTS["hmr enlarged"])
    assert sent == [2, 1, 2]
    del frames
    assert window_on("cpu").shown() is None  # it keeps nobody's frames in memory


def test_batches_are_made_where_crops_are(picture: NDArray[np.uint8]) -> None:
    frames, asked = np.stack([picture, picture[::-1]]), []

    def net(crops: torch.Tensor) -> tuple[torch.Tensor]:
        asked.append(tuple(crops.shape))
        return (crops.mean(dim=(2, 3)),)

    batches = Batches(net, 2, OnDevice("cpu"))
    for t in (0, 1, 1):
        batches.add(frames, t, CUTS["hmr enlarged"])
    rows = batches.rows()
    assert rows is not None
    assert asked == [(2, 3, 256, 256), (1, 3, 256, 256)]
    np.testing.assert_array_equal(rows[0][1], rows[0][2])
    assert np.abs(rows[0][0] - rows[0][1]).max() > 1e-4


def test_a_processor_keeps_to_the_published_recipe() -> None:
    assert cutter_on("cpu") is ON_PROCESSOR
    assert isinstance(cutter_on("meta"), OnDevice)


def test_a_grid_beside_itself_is_seen(picture: NDArray[np.uint8]) -> None:
    """What is compared above tells a quarter of a pixel."""
    cut = CUTS["hmr shrunk"]
    grid = cut.grid(WIDTH, HEIGHT)
    moved = replace(grid, start=(grid.start[0] + 0.25 * grid.step[0], grid.start[1]))
    one, other = (cropped(torch.from_numpy(picture), own).double().numpy() for own in (grid, moved))
    assert apart_px(one, other) == pytest.approx(0.25, abs=0.05)
