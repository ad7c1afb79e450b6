from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dataset.sample_files import controls_of
from media.decode import decode_bytes
from media.members import decode_still
from model.data.augment import Augmentation
from model.data.batch import Batch, as_input, num_bytes, shapes, tensors
from model.data.epoch_order import Draw
from model.data.maps import Maps, maps_of
from model.data.reference_rule import ReferenceRule
from model.data.sample_rng import DropoutRule
from model.data.settings import SampleSettings
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.landmarks import face_points
from schemas.outcome import UnfitError
from tests.model.data import sets

ALL = SampleSettings(speech=True, references=ReferenceRule(single=0.0))
DRAW = Draw(row=0, start=9, frames=29, seed=5)


@pytest.fixture(scope="module")
def sample(data_set):
    """A clip with sound and faces that come and go."""
    return next(
        pair
        for pair in (sets.stored(data_set, n) for n in range(16))
        if pair[0].has_audio and pair[0].frames == 53
    )


@pytest.fixture(scope="module")
def plain(sample) -> Batch:
    return sets.one(sample, DRAW, ALL)


def part(batch: Batch, name: str) -> torch.Tensor:
    return getattr(maps_of(batch) if name in Maps._fields else batch, name)


def test_a_window_is_a_stretch_of_what_was_stored(sample, plain):
    row, members = sample
    span = slice(9, 38)
    controls = controls_of(row, members["tracks.npz"])
    assert np.array_equal(plain.video[0], decode_bytes(members["video.mp4"])[span])
    skeleton, sphere = maps_of(plain)
    assert sets.apart(skeleton[0], draw_skeleton(controls, row.width, row.height, span)) <= 1
    assert sets.apart(sphere[0], draw_spheres(controls, row.width, row.height, span)) <= 1
    assert plain.skeleton.shape[1] == plain.sphere.shape[1] == 0
    assert np.array_equal(plain.face_valid[0], controls.face_valid[span])
    face = decode_bytes(members["face.mp4"])[span]
    face[~controls.face_valid[span]] = 0
    assert np.array_equal(plain.face[0], face)
    points = face_points(controls, np.eye(2, 3), row.width, row.height)[span]
    assert np.array_equal(plain.face_points[0], points)
    assert plain.face_points[~plain.face_valid].eq(0).all()
    assert plain.driven.all()
    assert plain.has_speech.all()
    assert abs(plain.speech).max() > 0.1
    assert plain.keys == (row.key,)
    assert plain.starts == (9,)


def test_references_come_in_the_drawn_order(sample, plain):
    row, members = sample
    assert plain.reference_valid.tolist() == [[True, True]]
    stills = []
    for number in range(2):
        still = np.empty((row.height, row.width, 3), np.uint8)
        decode_still("r", members[f"reference_{number}.jpg"], still)
        stills.append(still)
    shown = [next(n for n in range(2) if np.array_equal(r, stills[n])) for r in plain.references[0].numpy()]
    assert sorted(shown) == [0, 1]


def test_the_same_draw_gives_the_same_bytes_and_another_seed_other_choices(sample, plain):
    again = sets.one(sample, DRAW, ALL)
    for name, tensor in tensors(plain).items():
        assert torch.equal(tensor, getattr(again, name)), name
    how = replace(ALL, references=ReferenceRule(), dropout=DropoutRule())
    drawn = [sets.one(sample, replace(DRAW, seed=seed, frames=25), how) for seed in range(12)]
    assert {batch.references.shape[1] for batch in drawn} == {1, 2}
    assert all(torch.equal(batch.video, drawn[0].video) for batch in drawn)


def test_a_mirrored_sample_is_mirrored_everywhere(sample, plain):
    row, members = sample
    how = replace(ALL, augment=Augmentation(mirror=1.0))
    seen = sets.one((row, members), DRAW, how)
    for name in ("video", "face", "references"):
        assert torch.equal(part(seen, name), part(plain, name).flip(-2)), name
    there = plain.face_valid
    right, left = plain.face_points[there][:, 0], seen.face_points[there][:, 1]
    torch.testing.assert_close(left, torch.stack([223 - right[:, 0], right[:, 1]], dim=1))
    for name in ("skeleton", "sphere"):
        mine, flipped = part(seen, name), part(plain, name).flip(-2)
        assert not torch.equal(mine, flipped), f"{name}: colours say which side is which"
        assert (mine.any(-1) == flipped.any(-1)).float().mean() > 0.999
    for name in ("face_valid", "speech", "drop_pose", "reference_valid"):
        assert torch.equal(part(seen, name), part(plain, name)), name


def test_a_masked_start_withholds_pose_and_face_for_a_second(sample, plain):
    seen = sets.one(sample, DRAW, replace(ALL, augment=Augmentation(masked_start=1.0)))
    assert seen.driven.tolist() == [[False] * 24 + [True] * 5]
    for name in ("skeleton", "sphere", "face"):
        assert not part(seen, name)[:, :24].any()
        assert torch.equal(part(seen, name)[:, 24:], part(plain, name)[:, 24:])
    assert not seen.face_valid[:, :24].any()
    assert torch.equal(seen.video, plain.video)


def test_other_bones_change_the_skeleton_alone(sample, plain):
    seen = sets.one(sample, DRAW, replace(ALL, augment=Augmentation(bones=1.0)))
    assert not torch.equal(maps_of(seen).skeleton, maps_of(plain).skeleton)
    for name in ("video", "sphere", "face", "references"):
        assert torch.equal(part(seen, name), part(plain, name)), name


def test_face_jitter_changes_the_face_alone(sample, plain):
    seen = sets.one(sample, DRAW, replace(ALL, augment=Augmentation(face=1.0)))
    assert not torch.equal(seen.face, plain.face)
    assert not seen.face[~seen.face_valid].any()
    assert not torch.equal(seen.face_points, plain.face_points)
    assert seen.face_points[~seen.face_valid].eq(0).all()
    for name in ("video", "sphere", "skeleton", "references"):
        assert torch.equal(part(seen, name), part(plain, name)), name


def test_dropout_is_said_and_not_done(sample, plain):
    seen = sets.one(
        sample, DRAW, replace(ALL, dropout=DropoutRule(everything=1.0, references=0, motion=0, face=0))
    )
    assert seen.drop_references.all()
    assert seen.drop_pose.all()
    assert seen.drop_face.all()
    for name in ("skeleton", "face", "references"):
        assert torch.equal(part(seen, name), part(plain, name)), name


def test_speech_is_silence_and_marked_so_where_it_is_not_wanted_or_not_there(sample, data_set):
    unwanted = sets.one(sample, DRAW, replace(ALL, speech=False))
    mute = next(pair for pair in (sets.stored(data_set, n) for n in range(16)) if not pair[0].has_audio)
    absent = sets.one(mute, Draw(0, 0, 25, 1), ALL)
    for batch in (unwanted, absent):
        assert not batch.has_speech.any()
        assert not batch.speech.any()


def test_baked_maps_are_read(data_set):
    number = next(n for n in range(16) if sets.stored(data_set, n)[0].yaw_max < 1)
    row, members = sets.stored(data_set, number)
    draw = Draw(row=number, start=0, frames=25, seed=1)
    read = sets.one((row, members), draw, SampleSettings(maps="baked"))
    drawn = sets.one((row, members), draw, SampleSettings())
    assert np.array_equal(read.sphere[0], decode_bytes(members["sphere.mp4"])[:25])
    for name in ("skeleton", "sphere"):
        difference = part(read, name).int() - part(drawn, name).int()
        assert 0 < difference.abs().float().mean() < 6, "what H.264 leaves of it"


def test_baked_maps_are_refused_where_they_are_not_or_would_be_wrong(sample):
    row, members = sample
    members = {name: data for name, data in members.items() if name != "skeleton.mp4"}
    assert sets.one((row, members), DRAW, SampleSettings())
    with pytest.raises(UnfitError, match=r"missing_member: skeleton\.mp4"):
        sets.one((row, members), DRAW, SampleSettings(maps="baked"))
    with pytest.raises(ValueError, match="neither mirrored nor given other bones"):
        SampleSettings(maps="baked", augment=Augmentation(mirror=0.5))


def test_as_input():
    pictures = (
        torch.tensor([0, 255], dtype=torch.uint8).repeat(3)[None, None, None, None].reshape(1, 2, 1, 1, 3)
    )
    seen = as_input(pictures)
    assert seen.shape == (1, 3, 2, 1, 1)
    assert seen.min() == -1
    assert seen.max() == 1
    assert torch.equal(seen[0, :, 1, 0, 0], pictures[0, 1, 0, 0].float() / 127.5 - 1)


def test_bytes_of_a_batch_are_counted():
    for baked in (False, True):
        form = shapes(2, 73, 96, 64, baked=baked)
        real = sum(np.prod(shape) * dtype.itemsize for shape, dtype in form.values())
        assert num_bytes(2, 73, 96, 64, baked=baked) == pytest.approx(real, rel=0.03)
