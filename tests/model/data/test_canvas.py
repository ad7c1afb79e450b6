"""Stored samples on smaller canvases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dataset.index import read_index
from model.data.batch import Pages
from model.data.canvas import ASPECT, canvas, canvases, shrink, stretch
from model.data.epoch_order import Draw
from model.data.loader import Loader
from model.data.maps import maps_of
from model.data.sample import fill
from model.data.settings import SampleSettings
from model.data.windows import WindowRule
from tests.model.data import sets


@pytest.mark.parametrize(
    ("stored", "area", "shown"),
    [
        ((960, 640), 24_576, (192, 128)),
        ((960, 640), 399_360, (768, 512)),
        ((640, 960), 24_576, (128, 192)),
        ((784, 784), 24_576, (144, 144)),
        ((192, 128), 24_576, (192, 128)),
        ((960, 640), 614_400, (960, 640)),
        ((1600, 16), 1_000, (48, 16)),
    ],
)
def test_known_canvases(stored: tuple[int, int], area: int, shown: tuple[int, int]) -> None:
    assert canvas(*stored, area) == shown


@given(st.integers(16, 120), st.integers(16, 120), st.integers(40_000, 600_000))
def test_canvases_are_within_the_area_and_keep_proportions(across: int, down: int, area: int) -> None:
    width, height = 16 * across, 16 * down
    w, h = canvas(width, height, area)
    assert w % 16 == h % 16 == 0
    assert w * h <= max(area, 0) or (w, h) == (width, height)
    assert stretch((w, h), width, height) <= 4 * ASPECT
    found = canvases(np.array([width, 16]), np.array([height, 16]), area)
    assert [side.tolist() for side in found] == [[w, 16], [h, 16]]
    assert canvases(np.array([width]), np.array([height]), None)[0].tolist() == [width]


def test_pixels_stay_where_they_are_in_the_picture() -> None:
    picture = np.zeros((1, 64, 96, 3), np.uint8)
    picture[0, 20:24, 40:48] = 255  # middle at (43.5, 21.5)
    out = np.zeros((1, 32, 48, 3), np.uint8)
    shrink(picture, out)
    rows, columns = np.nonzero(out[0, :, :, 0])
    assert (columns.mean(), rows.mean()) == (21.5, 10.5)


def test_a_set_of_larger_canvases_trains_at_a_smaller_area(data_set) -> None:
    """Maps of scaled numbers lie on shrunk pictures; faces, speech and order of frames are the same."""
    base = sets.settings()
    order = replace(base.order, window=WindowRule(max_frames=25), max_tokens=5_000)
    base = replace(base, order=order, sample=replace(base.sample, maps="drawn"), workers=0)
    small = replace(base, order=replace(order, area=2_000))
    whole, shown = Loader(str(data_set), base), Loader(str(data_set), small)
    index = read_index(data_set)
    assert int((index.numbers("width") * index.numbers("height")).min()) > 2_000
    assert int((shown.order.samples.width * shown.order.samples.height).max()) <= 2_000
    batch = next(iter(shown))
    assert batch.video.shape[2] * batch.video.shape[3] <= 2_000
    assert batch.video.shape == maps_of(batch)[0].shape
    assert whole.order.digest != shown.order.digest


def test_maps_of_a_shrunk_sample_lie_where_its_own_lie(data_set) -> None:
    row, members = sets.stored(data_set, 0)
    draw = Draw(row=0, start=0, frames=25, seed=3)
    whole = sets.one((row, members), draw, SampleSettings())
    pages = Pages(1, 25, row.height // 2, row.width // 2, shared=False, baked=False)
    fill(pages.next_page(), row, members, draw, SampleSettings())
    pages.keep(row.key, 0)
    half = pages.batch(())
    assert torch.equal(half.face, whole.face)
    assert torch.equal(half.face_points, whole.face_points)
    assert half.references.shape[2:] == (row.height // 2, row.width // 2, 3)
    pictures = [(batch.video, *maps_of(batch)) for batch in (whole, half)]
    for name, large, small in zip(("video", "skeleton", "sphere"), *pictures, strict=True):
        large, small = large[0].numpy(), small[0].numpy()
        expected = np.empty_like(small)
        shrink(large, expected)
        assert np.abs(small.astype(float) - expected).mean() < (0.1 if name == "video" else 12)
        assert (
            np.abs(small.astype(float) - np.roll(expected, 4, axis=2)).mean()
            > 2 * np.abs(small.astype(float) - expected).mean()
        )
