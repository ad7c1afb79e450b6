"""A shard is read by strangers' tools, holds what it was given, and comes out the same every time."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from media.decode import decode
from media.resample import crop_squares
from media.sound import clip_sound
from pipeline.stages.shard import Shard, ShardSettings
from schemas.arrays import array_specs
from schemas.controls import Controls
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import IndexRow, ShardPlan
from schemas.media import Frames
from schemas.outcome import Reject
from schemas.version import SCHEMA
from tests.pipeline.stages.stored_shard import SCENE, members_of, names_in
from tests.stored import filmed, in_their_tar, plan_of, sample_of, tar_in


def pictures(data: bytes) -> Frames:
    """Frames of an mp4 as RGB by its own colour tags."""
    with av.open(io.BytesIO(data)) as file:
        shown = [frame.to_ndarray(format="rgb24", src_colorspace="ITU709") for frame in file.decode(video=0)]
    return np.stack(shown)


def difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Mean absolute difference of grey levels."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(np.int16) - b).mean())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its file open
def test_plain_webdataset_and_numpy_read_it(stored: tuple[Path, list[Any]], plan: ShardPlan) -> None:
    webdataset = pytest.importorskip("webdataset")
    out, rows = stored
    samples = list(webdataset.WebDataset(str(out / rows[0].shard), shardshuffle=False).decode())
    assert [sample["__key__"] for sample in samples] == [member.key for member in plan.members]
    for sample, member in zip(samples, plan.members, strict=True):
        frames = member.scene.clip.num_frames
        assert sample["meta.json"]["frames"] == frames
        assert sample["tracks.npz"]["joints2d"].shape == (frames, 16, 2)
        assert isinstance(sample["video.mp4"], bytes)
        assert ("audio.flac" in sample) == member.scene.clip.video.has_audio


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_tar_is_the_one_that_webdataset_writes(stored: tuple[Path, list[Any]]) -> None:
    webdataset = pytest.importorskip("webdataset")
    out, rows = stored
    file = io.BytesIO()
    with webdataset.TarWriter(file, user="", group="", mode=0o444, mtime=0, encoder=False) as tar:
        for row, members in zip(rows, members_of(out, rows), strict=True):
            tar.write({"__key__": row.key, **members})
    assert file.getvalue() == (out / rows[0].shard).read_bytes()


def test_rows_say_where_a_sample_lies(stored: tuple[Path, list[Any]], plan: ShardPlan) -> None:
    out, rows = stored
    assert [row.key for row in rows] == [member.key for member in plan.members]
    data = (out / rows[0].shard).read_bytes()
    for row in rows:
        part = data[row.offset : row.offset + row.size]
        names = part[:100].rstrip(b"\0").decode().split(".")
        assert names[0] == row.key
    assert [row.offset for row in rows] == [0, rows[0].size, rows[0].size + rows[1].size]
    assert not any(data[rows[-1].offset + rows[-1].size :])
    assert {row.has_audio for row in rows} == {True, False}


def test_arrays_are_those_that_were_given(stored: tuple[Path, list[Any]], plan: ShardPlan) -> None:
    out, rows = stored
    for member, members in zip(plan.members, members_of(out, rows), strict=True):
        with np.load(io.BytesIO(members["tracks.npz"]), allow_pickle=False) as arrays:
            assert set(arrays) == set(array_specs(Controls))
            for name in arrays:
                np.testing.assert_array_equal(arrays[name], getattr(member.scene.controls, name), strict=True)


def test_pixels_are_those_of_the_clips_span(stored: tuple[Path, list[Any]], plan: ShardPlan) -> None:
    out, rows = stored
    for member, members in zip(plan.members, members_of(out, rows), strict=True):
        clip, controls = member.scene.clip, member.scene.controls
        source = np.concatenate(list(decode(clip.video, clip.first_frame, clip.num_frames, window=100)))
        video, face = pictures(members["video.mp4"]), pictures(members["face.mp4"])
        assert difference(video, source) < 2
        assert difference(video[1:], source[:-1]) > 2 * difference(video, source)  # a shift would be seen
        assert difference(face, crop_squares(source, controls.face_box, controls.face_valid, 224)) < 2
        assert not controls.face_valid.all() or clip.first_frame + clip.num_frames < 40
        assert face[~controls.face_valid].max(initial=0) < 8


def test_references_are_frames_of_the_source(stored: tuple[Path, list[Any]], plan: ShardPlan) -> None:
    out, rows = stored
    for member, members in zip(plan.members, members_of(out, rows), strict=True):
        video = member.scene.clip.video
        for index, reference in enumerate(member.references):
            with av.open(io.BytesIO(members[f"reference_{index}.jpg"])) as file:
                still = next(file.decode(video=0)).to_ndarray(format="rgb24")
            (frame,) = decode(video, reference.source_frame, 1, window=1)
            assert difference(still, frame[0]) < 4


def test_sound_is_that_of_the_span(stored: tuple[Path, list[Any]], plan: ShardPlan) -> None:
    out, rows = stored
    for member, members in zip(plan.members, members_of(out, rows), strict=True):
        if "audio.flac" not in members:
            continue
        with av.open(io.BytesIO(members["audio.flac"])) as file:
            sound = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        np.testing.assert_array_equal(
            sound[: len(clip_sound(member.scene.clip))], clip_sound(member.scene.clip)
        )
        assert len(sound) == round(member.scene.clip.num_frames / 24 * 16_000)
        assert json.loads(members["meta.json"])["quality"]["audio_share"] > 0.95


def test_meta_has_all_of_formats(stored: tuple[Path, list[Any]], plan: ShardPlan) -> None:
    out, rows = stored
    member, meta = plan.members[0], json.loads(members_of(out, rows)[0]["meta.json"])
    clip, source = member.scene.clip, member.scene.clip.video.source
    assert meta["source"] == {
        "uri": source.uri,
        "sha256": source.sha256,
        "licence": "CC0",
        "domain": "synthetic",
        **dict.fromkeys(("subject", "take", "camera", "consent"), ""),
        "extra": {},
        "frames": 60,
        "fps": 24.0,
        "width": 160,
        "height": 240,
        "rotation": 0,
    }
    assert meta["span"] == {
        "start_s": clip.first_frame / 24,
        "stop_s": (clip.first_frame + clip.num_frames) / 24,
    }
    assert (meta["schema"], meta["fps"], meta["size"], meta["framing"]) == (SCHEMA, 24, [160, 240], "full")
    assert meta["to_canvas"] == [[1, 0, 0], [0, 1, 0]]
    assert meta["window"] == [0, 0, 160, 240]
    assert meta["references"][0]["source_time_s"] == 59 / 24
    assert [reference["member"] for reference in meta["references"]] == ["reference_0.jpg", "reference_1.jpg"]
    assert meta["provenance"]["body"] == {
        "name": "truth",
        "version": "1",
        "weights_sha256": "",
        "licence": "none",
    }
    assert (meta["person"], meta["usable_for"]) == (member.person, "unknown"), (
        "nobody knows the licence 'none'"
    )
    assert meta["camera"] == {
        "focal_px": float(member.scene.controls.camera_focal),
        "principal": [79.5, 119.5],
        "calibrated": False,
    }
    assert meta["joints"][0] == "pelvis"


def test_who_heard_speech_is_told_where_there_is_sound(stored: tuple[Path, list[Any]]) -> None:
    out, rows = stored
    for row, members in zip(rows, members_of(out, rows), strict=True):
        told = json.loads(members["meta.json"])["provenance"]
        assert ("speech" in told) == row.has_audio
        assert not row.has_audio or (told["speech"]["name"], told["speech"]["licence"]) == (
            "silero_vad",
            "MIT",
        )


def test_same_bytes_again_in_other_windows(
    stored: tuple[Path, list[Any]], plan: ShardPlan, tmp_path: Path
) -> None:
    out, rows = stored
    again = in_their_tar(Shard(ShardSettings(window=7), tmp_path)(plan))
    assert [vars_of(row) for row in again] == [vars_of(row) for row in rows]
    assert (tmp_path / rows[0].shard).read_bytes() == (out / rows[0].shard).read_bytes()
    assert names_in(tmp_path / "shards" / plan.bucket) == [tar_in(tmp_path, plan.key).name]


def test_maps_are_baked_where_wanted(plan: ShardPlan, tmp_path: Path) -> None:
    one = ShardPlan(key=plan.key, bucket=plan.bucket, members=plan.members[:1])
    rows = in_their_tar(Shard(ShardSettings(bake_maps=True), tmp_path)(one))
    (members,) = members_of(tmp_path, rows)
    controls = plan.members[0].scene.controls
    assert difference(pictures(members["skeleton.mp4"]), draw_skeleton(controls, 160, 240)) < 3
    assert difference(pictures(members["sphere.mp4"]), draw_spheres(controls, 160, 240)) < 3


def test_a_tar_that_an_index_may_name_stays_where_nothing_takes_its_place(
    plan: ShardPlan, tmp_path: Path
) -> None:
    source = filmed(tmp_path / "source.mp4", replace(SCENE, appearance=2))
    alone = plan_of(sample_of(source, SCENE, 0, 25))
    shard = Shard(ShardSettings(), tmp_path)
    (row,) = in_their_tar(shard(alone))
    assert isinstance(row, IndexRow)
    Path(source.uri).unlink()
    (reject,) = shard(alone)
    assert isinstance(reject, Reject)
    assert names_in(tmp_path / "shards" / alone.bucket) == [Path(row.shard).name]


def vars_of(row: Any) -> dict[str, Any]:
    """A row's fields."""
    return {name: getattr(row, name) for name in IndexRow.__dataclass_fields__}
