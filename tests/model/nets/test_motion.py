"""The motion encoder as a part of the network; its numbers are compared in tests/parity."""

from __future__ import annotations

import torch

from model.nets.conditions import FaceCrops
from model.nets.dit import DiT
from model.nets.motion import MotionEncoder, tiny_motion
from tests.model.nets_inputs import awake, change, eyes_and_mouth, noisy, seed, small, some_conditions


def test_statistics_stay_while_weights_learn() -> None:
    net = awake(small()).train()
    encoder = net.face.motion
    assert not any(module.training for module in encoder.modules())
    conditions = some_conditions()
    x, t = noisy(conditions)
    before = {name: buffer.clone() for name, buffer in encoder.named_buffers()}
    net(x, t, conditions).square().mean().backward()
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


def some_faces(number: int, seen: int = 12) -> FaceCrops:
    """Blurred noise around a clip's own mean, of which so many frames are seen."""
    generator = seed(number)
    own = torch.randn(1, 1, 3, 1, 1, generator=generator)
    crops = own + torch.randn(1, 12, 3, 8, 8, generator=generator)
    pixels = torch.nn.functional.interpolate(crops[0], (64, 64), mode="bilinear")[None]
    return FaceCrops(pixels, eyes_and_mouth(1, 12, side=64), torch.arange(12)[None] < seen)


@torch.inference_mode()
def test_a_fresh_encoder_measures_faces_and_its_signal_keeps_its_size() -> None:
    net = DiT(small(motion=tiny_motion()), seed(4))
    faces = [some_faces(number) for number in range(8)]
    wild = torch.cat([net.face(some) for some in faces]).flatten(0, 1)
    assert not net.face.motion.measured()
    net.face.measure(faces)
    assert net.face.motion.measured()
    assert not any(module.training for module in net.face.motion.modules())
    calm = torch.cat([net.face(some) for some in faces]).flatten(0, 1)
    assert wild.square().mean().sqrt() > 10
    assert 0.3 < calm.square().mean().sqrt() < 3
    assert calm.std(dim=0).mean() > 0.3
    again = DiT(small(motion=tiny_motion()), seed(4))
    again.face.measure(faces)
    assert torch.equal(again.face(faces[0]), net.face(faces[0]))


def test_without_faces_nothing_is_measured() -> None:
    net = DiT(small(motion=tiny_motion()), seed(4))
    net.face.measure([some_faces(0, seen=0), some_faces(1, seen=1)])
    assert not net.face.motion.measured()
