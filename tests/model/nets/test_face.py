"""Which faces a noise token reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from model.nets.conditions import FaceCrops
from model.nets.face import FaceAttention, FaceEncoder, read_by_clip, read_by_frame
from model.nets.motion import Placing
from model.nets.rope import in_time
from tests.model.nets_inputs import eyes_and_mouth, seed, small

WIDTH, HEAD, GRID = 8, 4, (3, 1, 2)
FRAMES = 4 * (GRID[0] - 1) + 1


def attention() -> FaceAttention:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FaceAttention(WIDTH, WIDTH // HEAD, WIDTH)


def touched(reach: str, frame: int) -> list[int]:
    """Latent frames whose answer changes with the face token of a frame."""
    layer, generator = attention(), seed(0)
    x = torch.randn(1, 6, WIDTH, generator=generator)
    tokens, null = torch.randn(1, FRAMES, WIDTH, generator=generator), torch.randn(WIDTH, generator=generator)
    other = tokens.clone()
    other[:, frame] *= -1

    def answer(tokens: torch.Tensor) -> torch.Tensor:
        faces = (
            read_by_frame(tokens, null, HEAD)
            if reach == "frame"
            else read_by_clip(tokens, GRID[1] * GRID[2], HEAD)
        )
        return layer(x, faces).view(GRID[0], -1)

    change = (answer(other) - answer(tokens)).abs().amax(dim=1)
    return [int(latent) for latent in torch.nonzero(change > 1e-6).flatten()]


@pytest.mark.parametrize("frame", range(FRAMES))
@torch.inference_mode()
def test_a_latent_frame_reads_its_own_faces_only(frame: int) -> None:
    assert touched("frame", frame) == [(frame + 3) // 4]


@pytest.mark.parametrize("frame", [0, 4, 8])
@torch.inference_mode()
def test_with_the_reach_of_the_clip_all_are_read(frame: int) -> None:
    assert touched("clip", frame) == [0, 1, 2]


def test_with_the_reach_of_the_clip_times_are_those_of_the_video() -> None:
    faces = read_by_clip(torch.zeros(1, FRAMES, WIDTH), GRID[1] * GRID[2], HEAD)
    asked = torch.tensor([0, 0, 2.5, 2.5, 6.5, 6.5])
    torch.testing.assert_close(faces.turn_x, in_time(asked, HEAD))
    torch.testing.assert_close(faces.turn_keys, in_time(torch.arange(9.0), HEAD))


def test_keys_of_a_latent_frame_are_its_four_tokens_and_the_null_token() -> None:
    tokens = torch.arange(1.0, FRAMES + 1).view(1, -1, 1).expand(1, -1, 2)
    faces = read_by_frame(tokens, torch.tensor([-1.0, -1.0]), HEAD)
    assert faces.keys_BGMD[0, :, :, 0].tolist() == [[1, 1, 1, 1, -1], [2, 3, 4, 5, -1], [6, 7, 8, 9, -1]]


@torch.inference_mode()
def test_the_order_of_a_latent_frames_faces_counts() -> None:
    layer, generator = attention(), seed(0)
    x, null = torch.randn(1, 6, WIDTH, generator=generator), torch.zeros(WIDTH)
    tokens = torch.randn(1, FRAMES, WIDTH, generator=generator)
    swapped = tokens[:, [0, 2, 1, 3, 4, 5, 6, 7, 8]]
    found = (layer(x, read_by_frame(swapped, null, HEAD)) - layer(x, read_by_frame(tokens, null, HEAD))).abs()
    assert found.view(3, -1).amax(dim=1).gt(1e-4).tolist() == [False, True, False]


@torch.inference_mode()
def test_frames_without_a_face_are_null_tokens() -> None:
    encoder = FaceEncoder(small().motion, WIDTH, activation_checkpointing=False)
    encoder.null.fill_(0.5)
    crops = torch.randn(2, 3, 3, 40, 40, generator=seed(0))
    seen = torch.tensor([[True, False, True], [False, False, True]])
    faces = FaceCrops(crops, eyes_and_mouth(2, 3, side=40), seen)
    tokens = encoder.tokens(encoder(faces), seen)
    assert tokens[~seen].eq(0.5).all()
    torch.testing.assert_close(tokens[seen], encoder.mlp(encoder(faces))[seen])


@torch.inference_mode()
def test_crops_become_vectors_one_by_one() -> None:
    encoder, seen = (
        FaceEncoder(small().motion, WIDTH, activation_checkpointing=False),
        torch.ones(2, 3, dtype=torch.bool),
    )
    crops = torch.randn(2, 3, 3, 32, 32, generator=seed(0))
    vectors = encoder.vectors(crops.flatten(0, 1)).view(2, 3, -1)
    assert vectors.shape[-1] == 6 + 30 + 16
    faces = FaceCrops(crops, torch.zeros(2, 3, 3, 2), seen)
    torch.testing.assert_close(encoder(faces), vectors)


@pytest.mark.parametrize("placing", ["aligned", "plain"])
@torch.inference_mode()
def test_an_aligned_face_may_lean_and_a_plain_one_may_not(placing: Placing) -> None:
    """A picture turned about its middle, and its points with it: aligned, it is the same again."""
    ticks = torch.linspace(-1, 1, 64)
    face = torch.stack([(3 * ticks.expand(64, 64)).sin(), (2 * ticks[:, None]).expand(64, 64).cos()])
    face = torch.cat([face, face[:1] * face[1:]])
    crops = torch.stack([face, face.rot90(1, (1, 2))])
    points = eyes_and_mouth(1, 1, side=64)[0, 0] + torch.tensor([0.0, -2.0])
    turned = torch.stack([points[:, 1], 63 - points[:, 0]], dim=1)  # x' = y, y' = 63 - x
    both, seen = torch.stack([points, turned]), torch.ones(1, 2, dtype=torch.bool)
    encoder = FaceEncoder(replace(small().motion, placing=placing), WIDTH, activation_checkpointing=False)
    placed = encoder.placed(crops, both)
    assert ((placed[0] - placed[1]).abs().max() < 0.02) == (placing == "aligned")
    expected = encoder.vectors(placed)
    torch.testing.assert_close(encoder(FaceCrops(crops[None], both[None], seen))[0], expected)


def test_faces_that_are_not_there_leave_gradients_finite() -> None:
    encoder = FaceEncoder(small().motion, WIDTH, activation_checkpointing=False)
    crops, seen = torch.zeros(1, 2, 3, 32, 32), torch.tensor([[True, False]])
    points = eyes_and_mouth(1, 2, side=32)
    points[:, 1] = 0
    encoder.tokens(encoder(FaceCrops(crops, points, seen)), seen).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters() if p.grad is not None)
