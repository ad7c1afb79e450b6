from __future__ import annotations

import io
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dataset.arrays import pack, unpack
from dataset.sample_files import VersionError, controls_of, facts_of, require
from schemas.outcome import UnfitError
from tests.model.data import sets
from tests.mutants import mutants


@pytest.fixture(scope="module")
def sample(data_set):
    return sets.stored(data_set, 0)


def test_the_numbers_are_those_that_were_packed(sample):
    row, members = sample
    controls = controls_of(row, members["tracks.npz"])
    for name, array in unpack(members["tracks.npz"]).items():
        assert np.array_equal(getattr(controls, name), array)


def test_numbers_of_other_estimators_may_lie_beside_ours(sample):
    row, members = sample
    arrays = {**unpack(members["tracks.npz"]), "smplx_betas": np.zeros(10, np.float32)}
    assert controls_of(row, pack(arrays))


def saved(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_wrong_numbers_are_refused(sample):
    row, members = sample
    data = members["tracks.npz"]
    arrays: dict[str, Any] = unpack(data)
    compressed, nan = io.BytesIO(), arrays["joints2d"].copy()
    np.savez_compressed(compressed, **arrays)
    nan[3, 2, 0] = np.nan
    bad = {
        "no zip": b"",
        "cut off": data[: len(data) // 2],
        "compressed": compressed.getvalue(),
        "an array is missing": pack({name: a for name, a in arrays.items() if name != "body_yaw"}),
        "wrong type": pack({**arrays, "body_yaw": arrays["body_yaw"].astype(np.float64)}),
        "one row short": pack({**arrays, "body_yaw": arrays["body_yaw"][1:]}),
        "not finite": pack({**arrays, "joints2d": nan}),
        "pickled": saved(**{**arrays, "body_yaw": np.array([{}], object)}),
    }
    for broken in bad.values():
        with pytest.raises(UnfitError, match="wrong_tracks"):
            controls_of(row, broken)
    with pytest.raises(UnfitError, match=f"{row.frames} rows for {row.frames + 1} frames"):
        controls_of(replace(row, frames=row.frames + 1), data)


def test_facts(sample):
    row, members = sample
    facts = facts_of(row, members["meta.json"], baked=False)
    assert facts.start_s == row.start_s
    assert len(facts.reference_times_s) == row.num_references


def changed(data: bytes, **changes: object) -> bytes:
    return json.dumps({**json.loads(data), **changes}).encode()


def test_wrong_facts_are_refused(sample):
    row, members = sample
    data = members["meta.json"]
    for broken in (
        b"{}",
        b"\xff",
        b"[" * 100_000,
        changed(data, key="another"),
        changed(data, frames=row.frames - 1),
        changed(data, size=[row.height, row.width]),
        changed(data, joints=["pelvis"]),
        changed(data, references=[]),
        changed(data, source=None),
        changed(data, to_canvas=[[1, 0], [0, 1]]),
        changed(data, to_canvas=[[float("nan"), 0, 1], [0, 1, 0]]),
        changed(data, to_canvas=[[1e300, 0, 1], [0, 1e300, 0]]),
        changed(data, to_canvas=[[10**400, 0, 1], [0, 1, 0]]),
        changed(data, span={"start_s": 10**400, "stop_s": 1}),
        changed(data, unknown=1),
        b'{"schema": 1, ' + data.lstrip()[1:],
        changed(data, to_canvas=[[0, 0, 1], [0, 1, 0]]),
    ):
        with pytest.raises(UnfitError, match="wrong_meta"):
            facts_of(row, broken, baked=False)


def test_other_versions_are_no_damage(sample):
    row, members = sample
    data = members["meta.json"]
    with pytest.raises(VersionError, match="schema 4"):
        facts_of(row, changed(data, schema=4), baked=False)
    with pytest.raises(VersionError, match="drawing rules 7"):
        facts_of(row, changed(data, drawing=7), baked=True)
    assert facts_of(row, changed(data, drawing=7), baked=False), "its maps are drawn now, by our rules"


@pytest.mark.parametrize("name", ["video.mp4", "face.mp4", "tracks.npz", "meta.json", "reference_1.jpg"])
def test_missing_members_are_named(sample, name):
    row, members = sample
    require(row, members, baked=False)
    with pytest.raises(UnfitError, match=f"missing_member: {name}"):
        require(row, {n: d for n, d in members.items() if n != name}, baked=False)
    require(row, members, baked=True)
    unbaked = {n: d for n, d in members.items() if n not in ("skeleton.mp4", "sphere.mp4")}
    with pytest.raises(UnfitError, match=r"missing_member: skeleton\.mp4, sphere\.mp4"):
        require(row, unbaked, baked=True)
    with pytest.raises(UnfitError, match=r"missing_member: audio\.flac"):
        require(
            replace(row, has_audio=True), {n: d for n, d in members.items() if n != "audio.flac"}, baked=False
        )


def test_mutants_of_numbers_and_facts_are_read_or_named(sample):
    row, members = sample
    names = ("tracks.npz", "meta.json")
    for name, data in mutants({name: members[name] for name in names}, 300):
        with suppress(UnfitError, VersionError):
            facts_of(row, data, baked=True) if name == "meta.json" else controls_of(row, data)


def test_numbers_of_strangers_are_named(sample, shared):
    row, _ = sample
    hostile = shared / "cases/hostile"
    for path in hostile.glob("tracks_*.npz"):
        with pytest.raises(UnfitError, match="wrong_tracks"):
            controls_of(row, path.read_bytes())
    with pytest.raises(UnfitError, match="wrong_meta"):
        facts_of(row, (hostile / "meta_number_of_400_digits.json").read_bytes(), baked=False)
