"""Grey pixels behind a first frame, and a first frame as CLIP sees it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from model.sample.first_frames import FirstFrames
from tests.model.nets_inputs import seed, small, some_conditions
from tests.model.train.runs import some_codec

CONDITIONS = some_conditions(references=0)
FIRST = 2 * torch.rand(2, 3, 32, 48, generator=seed(1)) - 1


def brightness(pictures: Tensor) -> Tensor:
    """Stands for CLIP: one token of one number."""
    return pictures.mean(dim=(1, 2, 3)).view(-1, 1, 1)


def test_a_network_that_reads_none_is_told_nothing() -> None:
    assert FirstFrames.of(small(), some_codec()).added(CONDITIONS, FIRST) is CONDITIONS


def test_grey_pixels_are_encoded_behind_a_first_frame() -> None:
    codec = some_codec()
    told = FirstFrames.of(small(first_frame="beside"), codec, brightness).added(CONDITIONS, FIRST)
    film = torch.zeros(2, 3, 9, 32, 48)
    film[:, :, 0] = FIRST
    assert told.unknown
    torch.testing.assert_close(told.unknown.behind_first, codec.encode(film))
    torch.testing.assert_close(told.unknown.alone, codec.encode(torch.zeros_like(film)))
    assert not torch.equal(*told.unknown)
    assert told.image is not None
    assert torch.equal(told.image, brightness(FIRST))


def test_pixels_of_a_handed_over_latent_are_decoded_from_it() -> None:
    codec = some_codec()
    given = replace(CONDITIONS, first=codec.encode(FIRST[:, :, None])[:, :, 0])
    told = FirstFrames.of(small(first_frame="beside"), codec).added(given, None)
    shown = codec.decode(given.first[:, :, None])[:, :, 0]
    expected = FirstFrames.of(small(first_frame="beside"), codec).added(given, shown)
    assert told.unknown
    assert expected.unknown
    assert torch.equal(told.unknown.behind_first, expected.unknown.behind_first)
    nothing = replace(given, first_given=torch.zeros(2, dtype=torch.bool))
    grey = FirstFrames.of(small(first_frame="beside"), codec, brightness).added(nothing, None)
    assert grey.unknown
    assert torch.equal(*grey.unknown)
    assert grey.image is None
