"""From what the loader gives to what the loss is of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.data.batch import Batch, as_input
from model.data.loader import Loader
from model.data.maps import maps_of
from model.data.position import Position
from model.encode.inputs import begun_later, blank, generator_of, inputs_of, sometimes_handed_over
from tests.model.train.runs import loaded, some_codec


@pytest.fixture(scope="module")
def batch(data_set: Path) -> Batch:
    """One clip with a face, not mirrored, nothing withheld."""
    given = next(batch for batch in Loader(str(data_set), loaded()) if batch.face_valid.any())
    nothing = torch.zeros_like(given.drop_pose)
    return replace(given, drop_pose=nothing, drop_face=nothing, drop_references=nothing)


def test_latents_and_references_are_those_of_the_pictures(batch: Batch) -> None:
    codec = some_codec()
    given = inputs_of(batch, codec, faces=True)
    assert torch.equal(given.latents, codec.encode(as_input(batch.video)))
    assert torch.equal(given.conditions.first, given.latents[:, :, 0])
    assert given.conditions.first_given.all()
    still = as_input(batch.references[:, 0][:, None])
    assert torch.equal(given.conditions.references[:, 0], codec.encode(still)[:, :, 0])
    assert torch.equal(given.conditions.references_seen, batch.reference_valid)


def test_maps_are_of_0_to_1_skeleton_first(batch: Batch) -> None:
    maps = inputs_of(batch, some_codec(), faces=True).conditions.maps
    skeleton, sphere = maps_of(batch)
    t, y, x = (int(index) for index in skeleton[0].amax(dim=-1).nonzero()[0])
    torch.testing.assert_close(maps[0, :3, t, y, x], skeleton[0, t, y, x] / 255)
    t, y, x = (int(index) for index in sphere[0].amax(dim=-1).nonzero()[-1])
    torch.testing.assert_close(maps[0, 3:, t, y, x], sphere[0, t, y, x] / 255)


def test_faces_come_frame_by_frame(batch: Batch) -> None:
    faces = inputs_of(batch, some_codec(), faces=True).conditions.faces
    assert faces is not None
    torch.testing.assert_close(faces.pixels[0, 7, :, 30, 40], batch.face[0, 7, 30, 40] / 127.5 - 1)
    assert torch.equal(faces.points, batch.face_points)
    assert torch.equal(faces.seen, batch.face_valid)
    assert inputs_of(batch, some_codec(), faces=False).conditions.faces is None


@pytest.mark.parametrize("what", ["references", "pose", "face"])
def test_what_is_withheld_is_not_seen(batch: Batch, what: str) -> None:
    held = replace(batch, **{f"drop_{what}": torch.ones_like(batch.drop_pose)})  # type: ignore[arg-type]
    conditions = inputs_of(held, some_codec(), faces=True).conditions
    assert conditions.faces is not None
    assert conditions.references_seen.any() == (what != "references")
    assert conditions.motion_seen.all() == (what != "pose")
    assert conditions.faces.seen.any() == (what != "face")


def test_clips_begin_later_with_a_latent_frame_of_four(batch: Batch) -> None:
    whole = inputs_of(batch, some_codec(), faces=True)
    later = begun_later(whole)
    told, before = later.conditions, whole.conditions
    assert torch.equal(later.latents, whole.latents[:, :, 1:])
    assert torch.equal(told.first, whole.latents[:, :, 1])
    assert told.first_given.all()
    assert torch.equal(told.maps, before.maps[:, :, 4:])
    assert told.faces
    assert before.faces
    assert torch.equal(told.faces.pixels, before.faces.pixels[:, 4:])
    assert told.maps.shape[2] == 4 * (later.latents.shape[2] - 1) + 1


def test_a_share_of_the_clips_is_handed_over(batch: Batch) -> None:
    conditions = inputs_of(batch, some_codec(), faces=False).conditions
    many = replace(conditions, first_given=torch.ones(4000, dtype=torch.bool))
    generator = generator_of(0, Position(order="", slot=4))
    assert sometimes_handed_over(many, generator, 0.3).first_given.float().mean() == pytest.approx(
        0.3, abs=0.03
    )
    assert sometimes_handed_over(many, generator, 1.0).first_given.all()
    assert not sometimes_handed_over(many, generator, 0.0).first_given.any()


def test_chance_depends_on_seed_and_place_alone() -> None:
    def first(seed: int, epoch: int, slot: int) -> float:
        return float(
            torch.rand(1, generator=generator_of(seed, Position(order="any", epoch=epoch, slot=slot)))
        )

    assert first(1, 2, 3) == first(1, 2, 3)
    assert len({first(1, 2, 3), first(0, 2, 3), first(1, 3, 3), first(1, 2, 4)}) == 4


def test_a_blank_batch_has_one_black_clip_and_one_unseen_reference(batch: Batch) -> None:
    empty = replace(
        batch,
        keys=(),
        starts=(),
        **{name: getattr(batch, name)[:0] for name in ("video", "face", "references")},
    )
    made = blank(empty)
    assert len(made) == 1
    assert made.video.shape == batch.video.shape
    assert not made.video.any()
    assert made.references.shape[:2] == made.reference_valid.shape == (1, 1)
    conditions = inputs_of(made, some_codec(), faces=True).conditions
    assert not conditions.references_seen.any()
