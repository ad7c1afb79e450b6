"""Faces turned and scaled to fixed places."""

from __future__ import annotations

import pytest
import torch

from model.nets.alignment import KEPT, LEFT, PLACES, SIDE, align, alignment, plain

EXPECTED = (PLACES + 0.5 - torch.tensor([LEFT, 0])) * SIDE / KEPT - 0.5
"""Where eyes and mouth lie in the picture that is cut out and enlarged."""


def spun(degrees: float, scale: float, shift: tuple[float, float]) -> torch.Tensor:
    """The three points as a similarity moves them."""
    angle = torch.tensor(degrees).deg2rad()
    turn = scale * torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    return PLACES @ turn.double().T + torch.tensor(shift, dtype=torch.float64)


@pytest.mark.parametrize("degrees", [0.0, 30.0, -170.0])
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_points_land_on_their_places(degrees: float, scale: float) -> None:
    points = spun(degrees, scale, (40.0, -7.0))[None]
    affine = alignment(points)
    found = torch.einsum("nij,npj->npi", affine[..., :2], points) + affine[:, None, :, 2]
    torch.testing.assert_close(found[0], EXPECTED)


def test_points_that_do_not_fit_are_met_halfway() -> None:
    points = PLACES.clone()
    points[2, 1] += 12  # a longer face: three points do not say a similarity, so nothing lands exactly
    affine = alignment(points[None])
    found = torch.einsum("nij,npj->npi", affine[..., :2], points[None]) + affine[:, None, :, 2]
    torch.testing.assert_close(found[0].mean(dim=0), EXPECTED.mean(dim=0))
    assert affine[0, 0, 0] < SIDE / KEPT


@pytest.mark.parametrize("degrees", [0.0, 25.0])
def test_pictures_follow_their_points(degrees: float) -> None:
    points = spun(degrees, 0.8, (30.0, 10.0))
    ticks = torch.arange(240.0)
    rows, columns = torch.meshgrid(ticks, ticks, indexing="ij")
    spots = [torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18) for x, y in points.tolist()]
    aligned = align(torch.stack(spots)[None], points[None])[0]
    assert aligned.shape == (3, 224, 224)
    for spot, (x, y) in zip(aligned, EXPECTED.tolist(), strict=True):
        peak = int(spot.argmax())
        assert (peak % 224, peak // 224) == (round(x), round(y))


def test_a_plain_crop_is_only_resized() -> None:
    crops = torch.rand(2, 3, 224, 224)
    assert torch.equal(plain(crops), crops)
    assert plain(torch.ones(1, 3, 100, 100)).eq(1).all()
