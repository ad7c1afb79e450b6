"""What a canvas shows lies in the window that is told, and that in the source's pictures."""

from __future__ import annotations

from typing import Any

import pytest

from dataset.verify.meta import shows_window
from pipeline.geometry import canvas_affine

CANVAS = (64, 96)


def meta_of(window: list[int], affine_of: list[int]) -> dict[str, Any]:
    x0, y0, x1, y1 = affine_of
    affine = canvas_affine(x1 - x0, y1 - y0, CANVAS, (x0, y0))
    return {
        "window": window,
        "source": {"width": 640, "height": 480},
        "size": list(CANVAS),
        "to_canvas": affine.tolist(),
    }


@pytest.mark.parametrize("window", [[0, 0, 640, 480], [100, 20, 300, 320], [439, 180, 640, 480]])
def test_a_canvas_of_its_window_shows_it(window: list[int]) -> None:
    assert shows_window(meta_of(window, window))


@pytest.mark.parametrize(
    "window",
    [
        [102, 20, 300, 320],
        [100, 20, 298, 320],
        [100, 20, 300, 318],
        [100, 20, 100, 320],
        [100, 20, 300],
        [-1, 20, 300, 320],
        [100, 20, 700, 320],
    ],
)
def test_another_window_is_told(window: list[int]) -> None:
    assert not shows_window(meta_of(window, [100, 20, 300, 320]))
