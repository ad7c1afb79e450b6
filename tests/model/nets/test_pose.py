"""The pose encoder: shapes and causality."""

from __future__ import annotations

import pytest
import torch

from model.nets.pose import PoseEncoder
from tests.model.nets_inputs import seed


@pytest.fixture(scope="module")
def encoder() -> PoseEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return PoseEncoder(8, 5)


@pytest.mark.parametrize("latents", [1, 2, 7])
@torch.inference_mode()
def test_a_pose_latent_lies_on_the_latent_grid(encoder: PoseEncoder, latents: int) -> None:
    assert encoder(torch.zeros(2, 6, 4 * latents - 3, 16, 24)).shape == (2, 5, latents, 2, 3)


@pytest.mark.parametrize(("frame", "first"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
@torch.inference_mode()
def test_a_frame_is_first_seen_in_its_own_latent_frame(encoder: PoseEncoder, frame: int, first: int) -> None:
    maps = torch.rand(1, 6, 13, 16, 16, generator=seed(0))
    other = maps.clone()
    other[:, :, frame] = 1 - other[:, :, frame]
    change = (encoder(other) - encoder(maps)).abs().amax(dim=(0, 1, 3, 4))
    assert int(torch.nonzero(change > 1e-7)[0]) == first


@torch.inference_mode()
def test_the_first_frame_is_encoded_as_a_picture(encoder: PoseEncoder) -> None:
    maps = torch.rand(1, 6, 9, 16, 16, generator=seed(0))
    torch.testing.assert_close(encoder(maps)[:, :, :1], encoder(maps[:, :, :1]))
