"""Cells of the latent under the head, along the body, elsewhere."""

from __future__ import annotations

import torch

from model.eval.regions import cells, in_pixels, regions, under_head


def maps() -> torch.Tensor:
    """A head sphere above a bone, in the second of two clips; the first is empty."""
    drawn = torch.zeros(2, 6, 5, 64, 48)
    drawn[1, 0, :, 32:40, 20] = 1
    drawn[1, 3:, :, 8:24, 12:28] = 0.5
    return drawn


def test_regions_cover_the_latent_once() -> None:
    places = regions(maps())
    assert (places["head"].int() + places["body"].int() + places["rest"].int() == 1).all()
    assert places["all"].all()
    assert places["head"].shape == (2, 2, 8, 6)
    assert places["rest"][0].all()
    head, body = places["head"][1], places["body"][1]
    assert torch.nonzero(head[0]).tolist() == [[row, column] for row in (1, 2) for column in (1, 2, 3)]
    assert body[1, 4, 2]
    assert body[1, 5, 3]
    assert not body[1, 6, 2]
    assert torch.equal(under_head(maps())[1], head)


def test_an_early_frame_marks_only_its_own_latent_frame() -> None:
    drawn = torch.zeros(1, 3, 5, 16, 16)
    drawn[0, 1, 0, 3, 3] = 1
    assert cells(drawn)[0].int().tolist() == [[[1, 0], [0, 0]], [[0, 0], [0, 0]]]


def test_pixels_of_cells_are_those_that_mark_them() -> None:
    """All pixels of a cell are its own, those of the first latent frame a single frame's."""
    drawn = torch.zeros(1, 3, 5, 16, 16)
    drawn[0, 0, 0, 3, 3] = drawn[0, 0, 2, 9, 12] = 1
    there = in_pixels(cells(drawn))
    expected = torch.zeros(1, 5, 16, 16, dtype=torch.bool)
    expected[:, 0, :8, :8] = expected[:, 1:, 8:, 8:] = True
    assert torch.equal(there, expected)
