"""The motion encoder as a part of the network; its numbers are compared in tests/parity."""

from __future__ import annotations

import torch

from model.nets.motion import MotionEncoder, tiny_motion
from tests.model.scenes import awake, change, noised, seed, small, some_scene


def test_statistics_stay_while_weights_learn() -> None:
    net = awake(small()).train()
    encoder = net.face.motion
    assert not any(module.training for module in encoder.modules())
    scene = some_scene()
    x, t = noised(scene)
    before = {name: buffer.clone() for name, buffer in encoder.named_buffers()}
    net(x, t, scene).square().mean().backward()
    torch.optim.SGD(encoder.parameters(), lr=0.1).step()
    assert all(torch.equal(buffer, before[name]) for name, buffer in encoder.named_buffers())


def test_faces_are_read_at_the_encoders_own_size() -> None:
    encoder = MotionEncoder(tiny_motion())
    crops = torch.nn.functional.interpolate(torch.randn(1, 3, 8, 8, generator=seed(0)), (224, 224))
    smaller = torch.nn.functional.interpolate(crops, (64, 64), mode="bilinear", antialias=True)
    torch.testing.assert_close(encoder(crops).vector, encoder(smaller).vector)
    assert encoder(crops).vector.shape == (1, tiny_motion().vector)


@torch.inference_mode()
def test_a_fresh_encoder_is_not_blind() -> None:
    encoder = awake(small(motion=tiny_motion())).face.motion
    crops = torch.randn(2, 3, 64, 64, generator=seed(0))
    assert change(encoder(-crops).vector, encoder(crops).vector) > 0.05
