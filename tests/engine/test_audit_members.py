"""Damage to the bytes of a sample, everything else told consistently."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset.arrays import pack, unpack
from dataset.index import read_index
from dataset.index_writer import write_index
from dataset.tar import read_members, sample_digest, samples_in
from media.encode import VideoSettings, encode_jpeg, video_writer
from media.sound import encode_flac
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.outcome import Reject
from tests.engine.audited import (
    Members,
    failing,
    flip,
    land,
    nested,
    with_fields,
)
from tests.stored import tar_in


def remade(out: Path, change: Callable[[Members], Any], **rows: Any) -> None:
    """Change the members and the row of the first sample, and write tars, landing and index to match."""
    done: list[IndexRow] = []
    for row in read_index(out).rows():
        with (out / row.shard).open("rb") as file:
            (sample,) = (one for one in samples_in(file) if one.key == row.key)
            members = read_members(file, sample)
        if not done:
            change(members)
            row = with_fields(row, **rows)
        done.append(with_fields(row, sha256=sample_digest(row.key, members)))
        (out / f"{row.key}.members").write_bytes(pickle.dumps(members))
    placed = []
    for shard in sorted({row.shard for row in done}):
        (out / shard).unlink(missing_ok=True)
        with tarfile.open(out / shard, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row in (one for one in done if one.shard == shard):
                offset = tar.offset
                members = pickle.loads((out / f"{row.key}.members").read_bytes())
                for name, data in members.items():
                    entry = tarfile.TarInfo(f"{row.key}.{name}")
                    entry.size = len(data)
                    tar.addfile(entry, io.BytesIO(data))
                placed.append(with_fields(row, offset=offset, size=tar.offset - offset))
                (out / f"{row.key}.members").unlink()
    lost = Reject(key="0123456789ab-000010-0", step="shard", reason="unreadable", detail="gone", uri="a")
    land(out, placed, lost)
    write_index(out, [encode(placed, IndexRow).select])


def arrays(**changes: Callable[[Any], Any]) -> Callable[[Members], None]:
    """Change arrays of `tracks.npz`."""

    def change(members: Members) -> None:
        found = unpack(members["tracks.npz"])
        members["tracks.npz"] = pack(
            {**found, **{name: make(found.get(name)) for name, make in changes.items()}}
        )

    return change


def meta(**changes: Any) -> Callable[[Members], None]:
    """Change values of `meta.json`."""

    def change(members: Members) -> None:
        members["meta.json"] = json.dumps({**json.loads(members["meta.json"]), **changes}).encode()

    return change


def replaced(name: str, data: Callable[[bytes], bytes]) -> Callable[[Members], None]:
    """Change the bytes of a member."""

    def change(members: Members) -> None:
        members[name] = data(members[name])

    return change


def video(num_frames: int, width: int, height: int) -> Callable[[bytes], bytes]:
    def make(_: bytes) -> bytes:
        path = Path(os.environ["PYTEST_SCRATCH"]) / "video.mp4"
        with video_writer(path, width, height, VideoSettings()) as write:
            write(np.zeros((num_frames, height, width, 3), np.uint8))
        return path.read_bytes()

    return make


def flac(num_frames: int) -> Callable[[bytes], bytes]:
    def make(_: bytes) -> bytes:
        path = Path(os.environ["PYTEST_SCRATCH"]) / "a.flac"
        return encode_flac(path, np.zeros(0, np.int16), num_frames)

    return make


def pickled(_: bytes) -> bytes:
    file = io.BytesIO()
    np.savez(file, joints2d=np.array([{"a": 1}], object))
    return file.getvalue()


def stretched(turn: Any) -> Any:
    return np.where(np.arange(len(turn))[:, None, None] == 7, turn * np.float32(1.001), turn)


def one_nan(array: Any) -> Any:
    return np.where(np.arange(len(array)).reshape(-1, *[1] * (array.ndim - 1)) == 3, np.float32("nan"), array)


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        (lambda m: m.pop("face.mp4"), "members", "missing face.mp4"),
        (lambda m: m.pop("audio.flac"), "members", "missing audio.flac"),
        (lambda m: m.pop("sphere.mp4"), "members", "missing sphere.mp4"),
        (lambda m: m.pop("reference_1.jpg"), "members", "missing reference_1.jpg"),
        (lambda m: m.pop("meta.json"), "members", "missing meta.json"),
        (lambda m: m.pop("tracks.npz"), "members", "missing tracks.npz"),
        (lambda m: m.update({"notes.txt": b""}), "members", "unexpected notes.txt"),
        (lambda m: m.update({"audio.flac": m.pop("audio.flac")}), "members", "not in the order"),
        (replaced("video.mp4", video(26, 160, 240)), "videos", "num_frames=26"),
        (replaced("video.mp4", video(25, 176, 240)), "videos", "width=176"),
        (replaced("face.mp4", video(24, 224, 224)), "videos", "face.mp4: .*num_frames=24"),
        (replaced("skeleton.mp4", video(25, 240, 160)), "videos", "skeleton.mp4: .*width=240"),
        (replaced("video.mp4", lambda data: data[: len(data) // 2]), "videos", "video.mp4: "),
        (replaced("face.mp4", lambda _: b""), "videos", "face.mp4: does not decode"),
        (replaced("video.mp4", lambda data: data.replace(b"avc1", b"avcX")), "videos", "video.mp4: "),
        (replaced("reference_0.jpg", lambda d: d[: len(d) // 2]), "references", "no readable JPEG"),
        (replaced("reference_1.jpg", lambda _: b"GIF89a"), "references", "no readable JPEG"),
        (
            replaced("reference_0.jpg", lambda _: encode_jpeg(np.zeros((240, 161, 3), np.uint8))),
            "references",
            r"reference_0.jpg: \(161, 240\)",
        ),
        (replaced("audio.flac", flac(26)), "sound", "num_samples=17333"),
        (replaced("audio.flac", lambda data: data[: len(data) // 2]), "sound", "does not decode|num_samples"),
        (replaced("audio.flac", lambda _: b"RIFF"), "sound", "num_samples=0"),
        (arrays(joints2d=lambda a: a[:-1]), "tracks", "axis 't' has size"),
        (
            arrays(joints2d=lambda a: a.astype(np.float64)),
            "tracks",
            "expected an array of float32, got .*float64",
        ),
        (arrays(joints2d=lambda a: a.astype(">f4")), "tracks", "elements of type >f4"),
        (arrays(joints2d=lambda a: a[:, :15]), "tracks", "axis '16' has size 15"),
        (arrays(joints2d=lambda a: a[..., 0]), "tracks", "expected axes"),
        (arrays(joints3d=one_nan), "tracks", "joints3d: not finite"),
        (arrays(joints_score=lambda a: a + np.float32(0.5)), "tracks", "joints_score: outside 0 to 1"),
        (arrays(head_rotation=stretched), "tracks", "head_rotation: not orthonormal"),
        (arrays(head_rotation=lambda a: -a), "tracks", "head_rotation: not orthonormal"),
        (arrays(head_radius=lambda a: -a), "tracks", "head_radius: not positive"),
        (arrays(face_box=lambda a: a[:, ::-1]), "tracks", "face_box: no square"),
        (arrays(face_box=lambda a: a * np.array([1, 1, 2, 1], np.float32)), "tracks", "face_box: no square"),
        (arrays(camera_focal=lambda a: a * 0), "tracks", "camera_focal: not positive"),
        (arrays(face_valid=lambda a: a & False), "tracks", "face_ratio is 0.0, the index says 1.0"),
        (arrays(body_yaw=lambda a: a + np.float32(1)), "tracks", "yaw_min is"),
        (arrays(shoe_size=lambda _: np.zeros(3)), "tracks", r"unexpected \['shoe_size'\]"),
        (arrays(smplx_betas=lambda _: np.zeros(11, np.float32)), "tracks", "smplx_betas: .*expected float32"),
        (arrays(smplx_transl=lambda _: np.zeros((25, 3))), "tracks", "smplx_transl: float64"),
        (
            arrays(smplx_body_pose=lambda _: np.zeros((25, 21, 3, 3), np.float32)),
            "tracks",
            "smplx_body_pose: not orthonormal",
        ),
        (replaced("tracks.npz", pickled), "tracks", r"elements of type \|O"),
        (replaced("tracks.npz", lambda _: b""), "tracks", "no readable zip"),
        (meta(licence="mine"), "meta", "meta: wrong keys"),
        (meta(frames=26), "meta", "frames is 26, expected 25"),
        (meta(schema=1), "meta", "schema is 1, expected 3"),
        (meta(drawing=2), "meta", "drawing is 2, expected 1"),
        (meta(key="x"), "meta", "key is 'x'"),
        (meta(references=[]), "meta", "number of references is 0"),
        (meta(references={}), "meta", "meta.references: a dict does not belong there"),
        (meta(quality={"motion": "fast"}), "meta", "meta.quality.motion: a str does not belong there"),
        (meta(quality={}), "meta", "quality.face_ratio is None"),
        (meta(to_canvas=[[1, 0, 0], [0, -1, 0]]), "meta", "to_canvas is"),
        (meta(to_canvas=[[1, 0], [0, 1]]), "meta", "to_canvas is"),
        (meta(joints=["nose"]), "meta", r"joints is \['nose'\]"),
        (replaced("meta.json", lambda _: b"{"), "meta", "no JSON"),
        (replaced("meta.json", lambda _: b"7"), "meta", "meta: a int does not belong there"),
        (
            replaced("meta.json", lambda d: d.replace(b'"motion": 0.25', b'"motion": NaN')),
            "meta",
            "NaN is no finite number",
        ),
        (replaced("meta.json", lambda _: nested(100_000)), "meta", "no JSON"),
        (replaced("meta.json", lambda _: b"\xff\xfe\x00"), "meta", "no JSON"),
    ],
)
def test_a_damaged_member_is_named_and_nothing_else(
    change: Callable[[Members], Any],
    check: str,
    words: str,
    out: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTEST_SCRATCH", str(tmp_path))
    remade(out, change)
    found = failing(out)
    assert list(found) == [check]
    assert re.search(words, found[check]), found[check]


def test_smplx_arrays_are_welcome(out: Path) -> None:
    remade(
        out,
        arrays(
            smplx_betas=lambda _: np.zeros(10, np.float32),
            smplx_transl=lambda _: np.zeros((25, 3), np.float32),
        ),
    )
    assert failing(out) == {}


def test_a_wrong_number_of_frames_in_the_index_is_seen_by_all(out: Path) -> None:
    remade(out, lambda _: None, frames=26, stop_s=26 / 24)
    assert set(failing(out)) == {"unique", "videos", "sound", "tracks", "meta"}


def test_whatever_byte_of_a_tar_is_flipped_it_is_named(made: Path, tmp_path: Path) -> None:
    data = tar_in(made, "160x240/000001").read_bytes()
    chance = random.Random(1)
    places = [chance.randrange(len(data)) for _ in range(40)] + [chance.randrange(600) for _ in range(10)]
    for number, place in enumerate(places):
        out = Path(shutil.copytree(made, tmp_path / str(number)))
        flip(tar_in(out, "160x240/000001"), place)
        found = failing(out)
        if "shards" not in found:
            assert "digest" in found or is_slack(out, place), place


def is_slack(out: Path, place: int) -> bool:
    """Whether a byte is padding after a member: no reader looks at it."""
    with tar_in(out, "160x240/000001").open("rb") as file:
        (sample,) = samples_in(file)
    return any(member.start + member.size <= place < member.stop for member in sample.members)
