"""Maps drawn with tensors are those of the reference, to 1 of 255, whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.data.maps import draw_skeletons, draw_spheres
from schemas.drawing import BODY, draw_figures
from schemas.raster import draw_ball
from tests.model.data.sets import apart

EXAMPLE = {
    "size": st.sampled_from([(96, 64), (64, 208), (640, 400), (16, 16)]),
    "seed": st.integers(0, 2**32 - 1),
    "count": st.integers(0, 3),
    "spread": st.sampled_from([0.3, 1, 9]),
}


@settings(max_examples=30, deadline=None)
@given(**EXAMPLE)
def test_skeletons_are_the_references(size: tuple[int, int], seed: int, count: int, spread: float) -> None:
    height, width = size
    random = np.random.default_rng(seed)
    points = ((random.random((count, 58, 2)) - 0.5) * spread + 0.5) * [width, height]
    points[:, BODY + 3] = points[:, BODY + 2]  # a bone of no length
    points[:, 1, 1] = points[:, 2, 1]  # a level one
    depth, score = random.integers(0, 4, (count, 58)), random.random((count, 58))  # many are as far away
    numbers = [part.astype(np.float32) for part in (points, depth, score)]
    reference = np.zeros((count, height, width, 3), np.uint8)
    draw_figures(reference, *numbers)
    placed, far, seen = (torch.from_numpy(part) for part in numbers)
    drawn = draw_skeletons(placed, far, seen, height, width)
    assert drawn.shape == reference.shape
    assert not count or apart(drawn, reference) <= 1


@settings(max_examples=30, deadline=None)
@given(**EXAMPLE)
def test_spheres_are_the_references(size: tuple[int, int], seed: int, count: int, spread: float) -> None:
    height, width = size
    random = np.random.default_rng(seed)
    center = ((random.random((count, 2)) - 0.5) * spread + 0.5) * [width, height]
    radius = random.choice([0.0, 0.2, 1.0, 0.2 * height, 3.0 * height], (count, 1))
    head = np.concatenate([center, radius], axis=1).astype(np.float32)
    rotation = np.linalg.qr(random.normal(size=(count, 3, 3)))[0].astype(np.float32)
    reference = np.zeros((count, height, width, 3), np.uint8)
    for canvas, ball, turned in zip(reference, head, rotation, strict=True):
        draw_ball(canvas, ball[:2], ball[2], turned)
    drawn = draw_spheres(torch.from_numpy(head), torch.from_numpy(rotation), height, width)
    assert drawn.shape == reference.shape
    assert not count or apart(drawn, reference) <= 1


def test_nobody_is_black() -> None:
    nobody = draw_skeletons(torch.zeros(2, 58, 2), torch.zeros(2, 58), torch.zeros(2, 58), 32, 48)
    headless = draw_spheres(torch.zeros(2, 3), torch.zeros(2, 3, 3), 32, 48)
    assert nobody.shape == headless.shape == (2, 32, 48, 3)
    assert not nobody.any()
    assert not headless.any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU of CUDA here")
def test_a_gpu_draws_the_same() -> None:
    random = np.random.default_rng(0)
    points = torch.from_numpy((random.random((4, 58, 2)) * 300).astype(np.float32))
    depth, score = (torch.from_numpy(random.random((4, 58)).astype(np.float32)) for _ in range(2))
    there = draw_skeletons(points.cuda(), depth.cuda(), score.cuda(), 320, 320).cpu()
    assert apart(there, draw_skeletons(points, depth, score, 320, 320).numpy()) <= 1
