"""A shard is read by strangers' tools, holds what it was given, and comes out the same every time."""

from __future__ import annotations

import io
import json
import pickle
import resource
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core import Step, Tally, apply
from engine.runners.monitored import Monitored
from media.content import state_of
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
from tests.stored import filmed, in_their_tar, plan_of, sample_of, tar_in
from tests.synth import Scene

SCENE = Scene(width=160, height=240, num_frames=60, absent=range(40, 44))
"""The canvas is small for speed; that it is too small is the audit's business."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ShardPlan:
    """Three samples: two of a source with sound, one of a silent source."""
    folder = tmp_path_factory.mktemp("videos")
    loud, silent = (
        filmed(folder / "a b.mp4", SCENE, sound=True),
        filmed(folder / "c.mp4", replace(SCENE, look=1)),
    )
    return plan_of(
        sample_of(loud, SCENE, 0, 33),
        sample_of(loud, SCENE, 33, 27),
        sample_of(silent, replace(SCENE, look=1), 20, 30),
    )


@pytest.fixture(scope="module")
def stored(plan: ShardPlan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """The data set's folder and the rows."""
    out = tmp_path_factory.mktemp("out")
    return out, in_their_tar(Shard(ShardSettings(), out)(plan))


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
    assert (meta["schema"], meta["fps"], meta["size"], meta["framing"]) == (1, 24, [160, 240], "full")
    assert meta["to_canvas"] == [[1, 0, 0], [0, 1, 0]]
    assert meta["references"][0]["source_time_s"] == 59 / 24
    assert [reference["member"] for reference in meta["references"]] == ["reference_0.jpg", "reference_1.jpg"]
    assert meta["provenance"]["body"] == {"name": "truth", "version": "1", "weights_sha256": ""}
    assert meta["joints"][0] == "pelvis"


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


def test_a_source_that_is_gone_is_a_reject_and_the_others_are_stored(plan: ShardPlan, tmp_path: Path) -> None:
    gone = filmed(tmp_path / "gone.mp4", replace(SCENE, look=2))
    Path(gone.uri).unlink()
    lost = sample_of(gone, SCENE, 0, 25)
    make = partial(Shard, ShardSettings(), tmp_path)
    step: Step[Any, Any] = Step(name="shard", make=make, takes=ShardPlan, gives=IndexRow)
    tally = Tally(step="shard")
    outcomes = in_their_tar(apply(step, step.make(), [plan_of(lost, plan.members[0])], tally, lambda: 0.0))
    rejects = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    assert [(reject.key, reject.reason, reject.uri) for reject in rejects] == [(lost.key, "gone", gone.uri)]
    assert (tally.offered, tally.kept, tally.rejected) == (2, 1, 1)
    (row,) = (outcome for outcome in outcomes if isinstance(outcome, IndexRow))
    assert set(members_of(tmp_path, [row])[0]) >= {"video.mp4", "face.mp4", "tracks.npz", "meta.json"}


@pytest.mark.parametrize("tells", [True, False])
def test_a_source_rewritten_at_its_size_is_not_stored_under_its_old_digest(
    plan: ShardPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tells: bool
) -> None:
    """Also where sizes and times do not tell: whoever stores reads the file again."""
    clip = plan.members[2].scene.clip
    video = tmp_path / "c.mp4"
    video.write_bytes(Path(clip.uri).read_bytes())
    here = replace(clip.video, source=replace(clip.video.source, uri=str(video)))
    sample = replace(plan.members[2], scene=replace(plan.members[2].scene, clip=replace(clip, video=here)))
    if not tells:
        state = state_of(video)
        for module in ("content", "fetch"):
            monkeypatch.setattr(f"media.{module}.state_of", lambda file: state)
    (row,) = Shard(ShardSettings(), tmp_path / "before")(plan_of(sample))
    assert isinstance(row, IndexRow)
    data = bytearray(video.read_bytes())
    data[len(data) // 2] ^= 1
    video.write_bytes(data)
    (no,) = Shard(ShardSettings(), tmp_path / "after")(plan_of(sample))
    assert isinstance(no, Reject)
    assert (no.reason, no.detail) == ("changed", "its content is not what was listed")


def test_a_tar_that_an_index_may_name_stays_where_nothing_takes_its_place(
    plan: ShardPlan, tmp_path: Path
) -> None:
    source = filmed(tmp_path / "source.mp4", replace(SCENE, look=2))
    alone = plan_of(sample_of(source, SCENE, 0, 25))
    shard = Shard(ShardSettings(), tmp_path)
    (row,) = in_their_tar(shard(alone))
    assert isinstance(row, IndexRow)
    Path(source.uri).unlink()
    (reject,) = shard(alone)
    assert isinstance(reject, Reject)
    assert names_in(tmp_path / "shards" / alone.bucket) == [Path(row.shard).name]


def test_a_bug_upstream_stops_the_run_before_the_tar_has_its_name(plan: ShardPlan, tmp_path: Path) -> None:
    member = plan.members[0]
    arrays = {name: getattr(member.scene.controls, name) for name in array_specs(Controls)}
    arrays["body_yaw"] = np.where(np.arange(len(arrays["body_yaw"])) == 3, np.nan, arrays["body_yaw"])
    bad = remade(member, scene=remade(member.scene, controls=Controls(**arrays)))
    with pytest.raises(RuntimeError, match="tracks: body_yaw: not finite"):
        list(Shard(ShardSettings(), tmp_path)(plan_of(bad)))
    assert list(tmp_path.rglob("*.tar")) == []


def test_of_a_tar_only_the_sample_that_breaks_a_promise_is_held_back(plan: ShardPlan, tmp_path: Path) -> None:
    member = plan.members[1]
    arrays = {name: getattr(member.scene.controls, name) for name in array_specs(Controls)}
    arrays["body_yaw"] = np.full_like(arrays["body_yaw"], np.nan)
    bad = remade(member, scene=remade(member.scene, controls=Controls(**arrays)))
    mixed = plan_of(plan.members[0], bad, plan.members[2])
    make = partial(Shard, ShardSettings(), tmp_path)
    step: Step[Any, Any] = Step(name="shard", make=make, takes=ShardPlan, gives=IndexRow)
    stage = Monitored(step=step, stage=step.make(), holds={}, tell=lambda spot: None, tries=1)
    outcomes = list(apply(step, stage, [mixed], Tally(step="shard"), lambda: 0.0))
    assert [(o.key, isinstance(o, Reject)) for o in outcomes] == [
        (bad.key, True),
        (plan.members[0].key, False),
        (plan.members[2].key, False),
    ]
    assert outcomes[0].detail.startswith("RuntimeError in pipeline.stages.shard, line")


def test_an_unwritable_folder_is_one_clear_error(plan: ShardPlan, tmp_path: Path) -> None:
    (tmp_path / "shards").write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"Not a directory.*shards"):
        list(Shard(ShardSettings(), tmp_path)(plan))


def test_a_full_disk_is_an_error_and_leaves_nothing(plan: ShardPlan, tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk: the tar of three samples cannot be written."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            list(Shard(ShardSettings(), tmp_path)(plan))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_killed_attempt_leaves_no_tar_and_the_next_one_is_whole(
    stored: tuple[Path, list[Any]], plan: ShardPlan, tmp_path: Path
) -> None:
    code = (
        "import os, pickle, signal, sys\n"
        "from pathlib import Path\n"
        "import pipeline.stages.shard as stage\n"
        "stage.read_back = lambda path, rows: os.kill(os.getpid(), signal.SIGKILL)\n"
        "list(stage.Shard(stage.ShardSettings(), Path(sys.argv[1]))(pickle.load(sys.stdin.buffer)))\n"
    )
    root = Path(__file__).resolve().parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path], input=pickle.dumps(plan), cwd=root, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "shards").exists()
    list(Shard(ShardSettings(), tmp_path)(plan))
    out, rows = stored
    assert (tmp_path / rows[0].shard).read_bytes() == (out / rows[0].shard).read_bytes()
    assert names_in(tmp_path / "shards" / plan.bucket) == [tar_in(tmp_path, plan.key).name]


def names_in(folder: Path) -> list[str]:
    """Names of all that lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def members_of(out: Path, rows: list[Any]) -> list[dict[str, bytes]]:
    """Members of each row's sample, by the standard library's reader alone."""
    found = []
    for row in rows:
        data = (out / row.shard).read_bytes()[row.offset : row.offset + row.size]
        with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
            members = {}
            for entry in tar:
                file = tar.extractfile(entry)
                assert file is not None
                members[entry.name.removeprefix(f"{row.key}.")] = file.read()
            found.append(members)
    return found


def remade(item: Any, **changes: Any) -> Any:
    """A record with some fields changed."""
    fields = {name: getattr(item, name) for name in type(item).__dataclass_fields__}
    return type(item)(**{**fields, **changes})


def vars_of(row: Any) -> dict[str, Any]:
    """A row's fields."""
    return {name: getattr(row, name) for name in IndexRow.__dataclass_fields__}


@pytest.mark.parametrize("key", ["../../outside", "160x240/../../../outside", "160x240/a\\b"])
def test_a_key_cannot_write_outside(plan: ShardPlan, tmp_path: Path, key: str) -> None:
    out = tmp_path / "set"
    with pytest.raises(ValueError, match="no plain name"):
        list(Shard(ShardSettings(), out)(ShardPlan(key=key, bucket=plan.bucket, members=plan.members[:1])))
    assert list(tmp_path.rglob("*.tar")) == []
