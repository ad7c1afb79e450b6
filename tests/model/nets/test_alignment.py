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


def test_points_in_one_place_leave_the_crop_as_it_is() -> None:
    crops = torch.rand(2, 3, 224, 224)
    points = torch.stack([torch.zeros(3, 2), PLACES.float()])
    found = align(crops, points)
    torch.testing.assert_close(found[0], crops[0], rtol=0, atol=1e-4)
    assert not torch.allclose(found[1], crops[1], atol=0.1)


@pytest.mark.parametrize(("size", "side"), [(224, 64), (112, 64), (40, 64), (448, 224)])
def test_a_crop_of_any_size_is_aligned_to_any_size(size: int, side: int) -> None:
    """A smooth picture, so that what sampling leaves out does not matter."""
    ticks = torch.linspace(0, 3, 224)
    crop = torch.stack([ticks.expand(224, 224).sin(), ticks[:, None].expand(224, 224).cos()])[None]
    points = spun(20.0, 0.9, (25.0, 12.0))[None]
    expected = plain(align(crop, points), side)
    found = align(plain(crop, size), (points + 0.5) * size / 224 - 0.5, side)
    assert found.shape == (1, 2, side, side)
    assert (found - expected).abs().max() < 0.06
    assert (found - expected).abs().mean() < 0.004


def test_pixels_may_have_few_digits() -> None:
    """In bfloat16 a place could be told to a whole pixel at best."""
    crops, points = torch.rand(1, 3, 224, 224).bfloat16(), spun(20.0, 0.9, (25.0, 12.0))[None]
    found = align(crops, points)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, align(crops.float(), points).bfloat16())


def test_a_plain_crop_is_only_resized() -> None:
    crops = torch.rand(2, 3, 224, 224)
    assert torch.equal(plain(crops), crops)
    assert plain(torch.ones(1, 3, 100, 100)).eq(1).all()
