"""The audit finds nothing wrong with a good data set, and names whatever is damaged, one thing at a time."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataset.arrays import pack, unpack
from dataset.index import read_index
from dataset.index_writer import write_index
from dataset.names import INDEX
from dataset.tar import read_members, sample_digest, samples_in
from dataset.verify.rows import row_faults
from engine.audit import MEANINGS, Report, audit
from engine.audit_landings import LegNames, losses, read_landings
from engine.core import Tally
from engine.ledger import Lap, Ledger
from engine.runners.inline import run
from media.encode import VideoSettings, encode_jpeg, video_writer
from media.sound import encode_flac
from pipeline.stages.shard import Shard, ShardSettings
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.outcome import Reject
from schemas.sample import Sample
from storage.place import Place
from tests.engine.runners.odd import diamond, enlisted
from tests.engine.runners.test_inline import Seen
from tests.stored import filmed, in_their_tar, plan_of, sample_of, tar_in
from tests.synth import Scene

SCENE = Scene(width=160, height=240, num_frames=75)
LEGS = [LegNames("samples"), LegNames("shards", ("shard",), after=("samples",))]
Members = dict[str, bytes]


def lap(leg: str, items: int) -> Lap:
    return Lap(leg=leg, name="000000", inputs="", items=items, read=lambda _: ())


def land(out: Path, rows: Sequence[IndexRow], *rejects: Reject) -> None:
    """Land rows and rejects of the shards."""
    tally = Tally(step="shard", offered=len(rows) + len(rejects), kept=len(rows), gave=len(rows))
    tally.reasons.update(reject.reason for reject in rejects)
    Ledger(out).land(lap("shards", 1), [*rows, *rejects], IndexRow, [tally])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set: two tars, three samples with sound and maps, and one that could not be encoded."""
    folder = tmp_path_factory.mktemp("made")
    video = filmed(folder / "a.mp4", SCENE, sound=True)
    samples = [sample_of(video, SCENE, first, 25) for first in (0, 25, 50)]
    out = folder / "set"
    shard = Shard(ShardSettings(bake_maps=True), out)
    rows = [
        *in_their_tar(shard(plan_of(*samples[:2]))),
        *in_their_tar(shard(plan_of(samples[2], number=1))),
    ]
    Ledger(out).land(lap("samples", 4), [*samples, sample_of(video, SCENE, 10, 25)], Sample, [])
    lost = Reject(key="0123456789ab-000010-0", step="shard", reason="unreadable", detail="gone", uri="a")
    land(out, [row for row in rows if isinstance(row, IndexRow)], lost)
    write_index(out, [encode([row for row in rows if isinstance(row, IndexRow)], IndexRow).select])
    run = {"schema": 1, "drawing": 1, "recipe": "default", "settings": {}, "code": "0", "estimators": {}}
    (out / "run.json").write_text(json.dumps(run))
    return out


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A copy of the data set, to be damaged."""
    return Path(shutil.copytree(made, tmp_path / "set"))


def report_of(out: Path, *, quick: bool = False) -> Report:
    return audit(out, LEGS, quick=quick, workers=2, watch=lambda _done, _of: None)


def failing(out: Path, *, quick: bool = False) -> dict[str, str]:
    """What failed first, under the names of the checks that failed."""
    return {name: verdict.first[0] for name, verdict in report_of(out, quick=quick).items() if verdict.failed}


def test_a_good_data_set_has_no_failure_and_everything_was_looked_at(made: Path) -> None:
    report = report_of(made)
    assert {name: verdict.first for name, verdict in report.items() if verdict.failed} == {}
    assert list(report) == list(MEANINGS)
    samples = (
        "seen",
        "digest",
        "members",
        "videos",
        "references",
        "sound",
        "tracks",
        "meta",
        "rows",
        "unique",
    )
    assert {report[name].looked_at for name in samples} == {3}
    assert (report["shards"].looked_at, report["landings"].looked_at) == (2, 2)


def test_the_result_does_not_depend_on_the_number_of_workers(made: Path) -> None:
    told: list[tuple[int, int]] = []
    one = audit(made, LEGS, quick=False, workers=1, watch=lambda done, of: told.append((done, of)))
    assert one == report_of(made)
    assert told == [(2, 3), (3, 3)]


def test_a_quick_audit_reads_headers_only(out: Path) -> None:
    report = report_of(out, quick=True)
    assert list(report) == ["index", "rows", "unique", "files", "shards", "seen"]
    flip(tar_in(out, "160x240/000000"), 30_000)
    assert failing(out, quick=True) == {}
    assert "digest" in failing(out)


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        report_of(tmp_path / "nowhere")


# Damage to the bytes of a sample, everything else told consistently


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


def with_fields(row: IndexRow, **changes: Any) -> IndexRow:
    return IndexRow(**{**{name: getattr(row, name) for name in IndexRow.__dataclass_fields__}, **changes})


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


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


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
        (meta(schema=2), "meta", "schema is 2, expected 1"),
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


# Damage to files


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


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


FIRST = "160x240/000000"


def edited(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Change a JSON file."""

    def damage(out: Path) -> None:
        said = json.loads((out / name).read_text())
        change(said)
        (out / name).write_text(json.dumps(said))

    return damage


def reindexed(change: Callable[[list[IndexRow]], Sequence[IndexRow]]) -> Callable[[Path], None]:
    """Change the index and nothing else."""

    def damage(out: Path) -> None:
        pq.write_table(encode(change(list(read_index(out).rows())), IndexRow), out / INDEX)

    return damage


def written(name: str, data: bytes = b"") -> Callable[[Path], None]:
    def damage(out: Path) -> None:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)

    return damage


def piped(name: str) -> Callable[[Path], None]:
    """A named pipe in place of a file: whoever opens it waits without end."""

    def damage(out: Path) -> None:
        (out / name).unlink(missing_ok=True)
        os.mkfifo(out / name)

    return damage


def deep(out: Path) -> None:
    """Folders in folders, as deep as the kernel lets a name go."""
    with chdir(out):
        for _ in range(1800):
            Path("d").mkdir()
            os.chdir("d")


def linked(out: Path) -> None:
    tar = tar_in(out, FIRST)
    tar.rename(out.parent / "elsewhere.tar")
    tar.symlink_to(out.parent / "elsewhere.tar")


MARKER = "landings/shards/part-000000.done"
SEEN = "nothing is known of it"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda out: tar_in(out, FIRST).unlink(), {"files": ".tar is missing", "seen": SEEN}),
        (
            lambda out: os.truncate(tar_in(out, FIRST), 40_000),
            {"shards": "the tar ends at byte 40000", "seen": SEEN},
        ),
        (lambda out: os.truncate(tar_in(out, FIRST), 0), {"shards": "no tar header at byte 0", "seen": SEEN}),
        (linked, {"files": "is a link", "seen": SEEN}),
        (
            lambda out: piped(tar_in(out, FIRST).relative_to(out).as_posix())(out),
            {"files": "is a pipe", "seen": SEEN},
        ),
        (piped("shards/160x240/000009.tar"), {"files": "is a pipe"}),
        (piped(INDEX), {"index": "No plain file", "files": "is a pipe", "landed": "differs"}),
        (piped("run.json"), {"run": "No plain file", "files": "is a pipe"}),
        (
            piped(MARKER),
            {"files": "is a pipe", "landings": "does not belong there", "conservation": "offered 0"},
        ),
        (
            piped("landings/shards/part-000000.parquet"),
            {
                "files": "is a pipe",
                "landings": "does not belong there",
                "conservation": "offered 0",
                "landed": "differs",
            },
        ),
        (deep, {"files": "does not belong there"}),
        (
            lambda out: shutil.copy(tar_in(out, FIRST), out / "shards/160x240/000007.tar"),
            {"files": "'shards/160x240/000007.tar' is in no"},
        ),
        (written("shards/160x240/.000009.tmp/video.mp4"), {"files": "does not belong"}),
        (written("shards/160x240/.000009.tar.swp"), {"files": "is in no index"}),
        (written(".index.parquet.0123.tmp"), {"files": "is in no index"}),
        (written(".index.parquet.tmp"), {"files": "is in no index"}),
        (lambda out: (out / "shards/16x16").mkdir(), {"files": "'shards/16x16' does not belong"}),
        (reindexed(lambda rows: rows[1:]), {"shards": "is in no index", "landed": "differs"}),
        (
            reindexed(lambda rows: [*rows, with_fields(rows[-1], key="f" * 12 + "-000000-0")]),
            {
                "rows": "span cannot be",
                "unique": "sha256 .* is there 2 times",
                "shards": "is missing",
                "seen": "f{12}-000000-0: nothing is known of it",
                "landed": "f",
            },
        ),
        (
            reindexed(lambda rows: [*rows, rows[-1]]),
            {"unique": "is there 2 times", "landed": "differs", "seen": SEEN},
        ),
        (reindexed(lambda rows: rows[::-1]), {"index": " after "}),
        (
            reindexed(lambda rows: [with_fields(rows[0], offset=512), *rows[1:]]),
            {"shards": "at 0, the index says .* at 512", "landed": "differs"},
        ),
        (
            reindexed(lambda rows: [with_fields(rows[0], shard="../../etc/passwd"), *rows[1:]]),
            {"rows": "shard cannot be", "shards": "is in no index", "landed": "differs", "seen": SEEN},
        ),
        (
            reindexed(lambda rows: [with_fields(rows[0], num_references=10**12, width=10**9), *rows[1:]]),
            {
                "rows": "bucket cannot be",
                "members": "1000000000000 references",
                "videos": "width=160",
                "references": "expected",
                "meta": "size is",
                "landed": "differs",
            },
        ),
        (
            lambda out: (out / INDEX).unlink(),
            {"index": "No such file", "files": "does not belong", "landed": "differs"},
        ),
        (
            written(INDEX, b"PAR1"),
            {"index": "index.parquet", "files": "does not belong", "landed": "differs"},
        ),
        (lambda out: (out / "run.json").unlink(), {"files": "run.json is missing", "run": "No such file"}),
        (written("run.json", b"[]"), {"run": "no JSON object"}),
        (edited("run.json", lambda run: run.update(schema="1")), {"run": "a str does not belong"}),
        (edited("run.json", lambda run: run.update(schema=2)), {"run": "expected 1 and 1"}),
        (edited("run.json", lambda run: run.pop("settings")), {"run": "settings is missing"}),
        (written("landings/shards/.part-000001.parquet.tmp"), {"landings": "does not belong"}),
        (written("landings/dreams/part-000000.done"), {"landings": "'dreams' is no leg"}),
        (
            lambda out: shutil.rmtree(out / "landings"),
            {"landings": "has not landed", "landed": "differs"},
        ),
        (
            lambda out: (out / MARKER).unlink(),
            {"landings": "No such file", "conservation": "samples gave 4 rows, shards was offered 0"},
        ),
        (written(MARKER, b"{"), {"landings": "no JSON", "conservation": "offered 0"}),
        (written(MARKER, b"{}"), {"landings": "wrong keys", "conservation": "offered 0"}),
        (written(MARKER, nested(10**5)), {"landings": "no JSON", "conservation": "offered 0"}),
        (edited(MARKER, lambda said: said.update(content="0")), {"landings": "the marker says"}),
        (
            edited(MARKER, lambda said: said.update(steps=[])),
            {"landings": "its steps are not", "conservation": "offered 0"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(kept=2)),
            {"conservation": "shard was offered 4, kept 2, rejected 1"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(gave=2)),
            {"conservation": "shard gave 2, 3 have landed"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(offered=3, reasons={})),
            {"conservation": "tells of rejects {}"},
        ),
        (
            edited(MARKER, lambda said: said["steps"][0].update(offered=5, kept=4)),
            {"conservation": "samples gave 4 rows, shards was offered 5"},
        ),
        (
            lambda out: (out / "landings/shards/rejects-000000.parquet").unlink(),
            {"landings": "No such file", "conservation": "offered 0"},
        ),
        (
            written("landings/shards/part-000000.parquet", b"PAR1PAR1"),
            {"landings": "lap 000000", "conservation": "offered 0", "landed": "differs"},
        ),
        (
            lambda out: land(
                out, [with_fields(row, domain="other") for row in read_index(out).rows()], lost("unreadable")
            ),
            {"landed": "differs"},
        ),
        (
            lambda out: land(out, read_index(out).rows(), lost("It Broke")),
            {"landings": "without a fixed word", "conservation": "offered 0"},
        ),
    ],
)
def test_damage_to_files_is_named(damage: Callable[[Path], Any], found: dict[str, str], out: Path) -> None:
    damage(out)
    failed = failing(out)
    if damage is deep:
        subprocess.run(["rm", "-r", out / "d"], check=True)  # deeper than pytest itself can remove
    assert set(failed) == set(found), failed
    for check, words in found.items():
        assert re.search(words, failed[check]), failed[check]


def lost(reason: str) -> Reject:
    """The sample that could not be encoded."""
    return Reject(key="0123456789ab-000010-0", step="shard", reason=reason, detail="gone", uri="a")


def steps(*said: tuple[str, int, int, int, dict[str, int]]) -> dict[str, Any]:
    """A marker of steps, each told as its name, offered, kept, gave and reasons."""
    names = ("step", "offered", "kept", "gave", "reasons")
    return {"rows": said[-1][3], "steps": [dict(zip(names, step, strict=True)) for step in said]}


@pytest.mark.parametrize(
    ("pick", "found"),
    [
        (("pick", 3, 2, 2, {"bad": 1}), []),
        (("pick", 3, 3, 3, {"bad": 1}), ["pick was offered 3, kept 3, rejected 1"]),
        (("pick", 2, 1, 1, {"bad": 1}), ["group passed on 3, pick was offered 2"]),
        (
            ("pick", 3, 1, 1, {"bad": 2}),
            ["pick tells of rejects {('pick', 'bad'): 2}, its rows of {('pick', 'bad'): 1}"],
        ),
    ],
)
def test_items_are_followed_from_step_to_step_and_groups_by_their_members(
    pick: Any, found: list[str]
) -> None:
    """One file is cut to three clips, which form two groups, of which a member is rejected."""
    leg = LegNames("leg", ("cut", "group", "pick"), frozenset({"group"}))
    marker = steps(("cut", 1, 1, 3, {}), ("group", 3, 3, 2, {}), pick)
    assert list(losses(marker, leg, Counter({("pick", "bad"): 1}))) == found


def test_what_two_legs_gave_is_what_is_offered_to_the_one_that_joins_them(tmp_path: Path) -> None:
    ledger = enlisted(tmp_path, *(f"/v/fine-{number}" for number in range(4)))
    legs = diamond()
    run(legs, ledger, Seen(), clock=float, unseal=lambda: None, gpus=int)
    names = [
        LegNames(leg.name, tuple(step.name for step in leg.steps), frozenset({"together"}), leg.after)
        for leg in legs
    ]
    place = Place.at(tmp_path)
    (tmp_path / "landings" / "listing").rename(tmp_path / "listing")  # no leg of theirs
    assert [fault.detail for fault in read_landings(place, names).faults] == []
    without = [replace(leg, after=("left",)) if leg.name == "joined" else leg for leg in names]
    assert [fault.detail for fault in read_landings(place, without).faults] == [
        "left gave 4 rows, joined was offered 8"
    ]
    (tmp_path / "landings" / "right" / "part-000001.done").unlink()
    assert "left and right gave 6 rows, joined was offered 8" in [
        fault.detail for fault in read_landings(place, names).faults if fault.check == "conservation"
    ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"schema": 2}, "schema"),
        ({"key": "../../etc-000000-0"}, "key"),
        ({"key": "a.b"}, "key"),
        ({"shard": "shards/640x960/000000.tar"}, "shard"),
        ({"bucket": "240x160"}, "bucket"),
        ({"width": 168, "bucket": "168x240", "shard": "shards/168x240/000000.tar"}, "size of the canvas"),
        ({"width": 3200, "bucket": "3200x240", "shard": "shards/3200x240/000000.tar"}, "size of the canvas"),
        ({"frames": 24, "stop_s": 1.0}, "frames"),
        ({"frames": 241, "stop_s": 241 / 24}, "frames"),
        ({"stop_s": 1.0}, "span"),
        ({"start_s": float("nan")}, "span"),
        ({"start_s": 1 / 24, "stop_s": 26 / 24}, "span"),
        ({"offset": 100}, "place in the tar"),
        ({"size": 0}, "place in the tar"),
        ({"framing": "closeup"}, "framing"),
        ({"sha256": "0" * 63}, "sha256"),
        ({"yaw_min": 9.0}, "yaw"),
        ({"yaw_max": float("inf")}, "yaw"),
        ({"reference_similarity": 1.1}, "reference_similarity"),
        ({"num_references": 5}, "num_references"),
        ({"face_ratio": 1.01}, "face_ratio"),
        ({"left_hand_ratio": float("nan")}, "left_hand_ratio"),
        ({"motion": -1.0}, "motion"),
    ],
)
def test_a_row_that_cannot_be_is_named(changes: dict[str, Any], fault: str, made: Path) -> None:
    row = read_index(made).rows()[0]
    assert list(row_faults(row)) == []
    assert f"{fault} cannot be" in list(row_faults(with_fields(row, **changes)))
