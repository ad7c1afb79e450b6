"""Faults planted in stored samples of real clips: members rewritten, and what rules find of them.

Each fault is planted in every sample that it can be planted in, in a copy of the set of its own.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from dataset.arrays import pack, unpack
from dataset.index import read_index
from dataset.index_writer import write_index
from dataset.meta import meta_in
from dataset.names import SHARDS, tar_name
from dataset.reader import Members, Reader
from dataset.tar import sample_digest
from jobs.cli import main as understudy
from media.encode import VideoSettings, encode_jpeg, write_video
from media.members import decode_still, decode_window
from media.sound import encode_flac, num_samples
from pipeline.measures.opened import sound_of
from pipeline.stages.shard import append
from schemas.arrow import encode
from schemas.drawing import DRAW_SCORE
from schemas.index import IndexRow
from schemas.joints import BODY_JOINTS, mirrored
from schemas.media import SOUND_RATE
from schemas.pairs import PairRow
from schemas.sample import AUDIO, META, TRACKS, VIDEO, reference_member
from storage.scratch import workplace
from tests.jobs.audits.planted import pair

CLIPS = (
    "full_04_balance_cam01.mp4",
    "half_02_sign_book.mkv",
    "half_04_tv_host.mp4",
    "half_05_sign_football.mp4",
    "talk_01_man_green_backdrop.mp4",
    "talk_07_grid_man.mpg",
    "talk_08_grid_woman.mpg",
)
"""Of the shared corpus: an athlete, two who sign, a host, three who talk; three are heard; 2 to 4 s each."""
SETTINGS = ("--settings.control.canvas-area", "98304", "--settings.reference.allow-no-face")
Stored = tuple[IndexRow, Members]
OTHER = list(mirrored(BODY_JOINTS))
LATE_S = 0.12


def make_real(corpus: Path, folder: Path) -> Path:
    """A data set of `CLIPS`, made by `understudy curate`."""
    with (folder / "videos.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("uri",), *((str(corpus / "clips" / name),) for name in CLIPS)])
    out = folder / "real"
    understudy(["curate", "--videos", str(folder / "videos.csv"), "--out", str(out), *SETTINGS])
    return out


def swapped(sample: Stored) -> Members | None:
    """Left and right exchanged in the middle third; None where no joint is drawn: no map would be another."""
    arrays = unpack(sample[1][TRACKS])
    if (arrays["joints_score"] < DRAW_SCORE).all():
        return None
    middle = (np.arange(sample[0].frames) * 3 // sample[0].frames == 1)[:, None, None]
    points = {name: arrays[name] for name in ("joints2d", "joints3d")}
    changed = {name: np.where(middle, array[:, OTHER], array) for name, array in points.items()}
    return sample[1] | {TRACKS: pack(arrays | changed)}


def stray(sample: Stored) -> Members | None:
    """The hand that is seen more, half of the canvas further; None where no hand is seen."""
    arrays = unpack(sample[1][TRACKS])
    seen = {side: int((arrays[f"{side}_hand_score"] > 0).sum()) for side in ("left", "right")}
    side = max(seen, key=lambda side: seen[side])
    if not seen[side]:
        return None
    name = f"{side}_hand2d"
    moved = arrays[name] + np.array([sample[0].width / 2, 0], np.float32)
    return sample[1] | {TRACKS: pack(arrays | {name: moved.astype(np.float32)})}


def strange(sample: Stored, other: Stored) -> Members:
    """The first reference of the other, at this one's size."""
    name, size = reference_member(0), (sample[0].width, sample[0].height)
    picture = np.empty((other[0].height, other[0].width, 3), np.uint8)
    decode_still(name, other[1][name], picture)
    shown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return sample[1] | {name: encode_jpeg(np.asarray(shown, np.uint8))}


def late(sample: Stored) -> Members | None:
    """The sound later; None where there is none."""
    row, members = sample
    if not row.has_audio:
        return None
    silence = np.zeros(round(LATE_S * SOUND_RATE), np.float32)
    moved = np.concatenate([silence, sound_of(row, members)])[: num_samples(row.frames)]
    whole = np.clip(np.round(moved * 2**15), -(2**15), 2**15 - 1).astype(np.int16)
    with workplace() as folder:
        return members | {AUDIO: encode_flac(folder / AUDIO, whole, row.frames)}


def darker(sample: Stored) -> Members:
    """The video with less light, encoded anew and worse."""
    row, members = sample
    frames = np.empty((row.frames, row.height, row.width, 3), np.uint8)
    decode_window(VIDEO, members[VIDEO], row.frames, 0, frames)
    with workplace() as folder:
        write_video(folder / VIDEO, [(frames * 0.9).astype(np.uint8)], VideoSettings(crf=26))
        return members | {VIDEO: (folder / VIDEO).read_bytes()}


def again(sample: Stored) -> Stored:
    """The same clip as another source."""
    row, members = sample
    sha256 = hashlib.sha256(f"again {row.source_sha256}".encode()).hexdigest()
    key = sha256[:12] + row.key[12:]
    meta = json.dumps(meta_in(members[META]) | {"key": key}).encode()
    return replace(row, key=key, source_sha256=sha256, person=""), darker(sample) | {META: meta}


def stored_of(out: Path) -> list[Stored]:
    """All samples of a set."""
    reader = Reader(str(out), verify=True)
    return [(row, reader.read(row)) for row in read_index(out).rows()]


def write_stored(out: Path, samples: Sequence[Stored]) -> None:
    """A set of samples, each in a tar of its own."""
    rows = []
    for number, (row, members) in enumerate(samples):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            append(tar, row.key, members)
            size = tar.offset
        sha256 = sample_digest(row.key, members)
        name = tar_name(f"{SHARDS}/{row.bucket}/{number:06d}", [sha256])
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data.getvalue())
        rows.append(replace(row, shard=name, offset=0, size=size, sha256=sha256))
    write_index(out, [encode(rows, IndexRow).select])


def write_faulty(made: Path, folder: Path) -> dict[str, set[str]]:
    """A set "clean" of the samples of `made`, and one of each rule's name; planted keys by rule.

    In "leak" the first two samples are of one subject, the first of which the file "held" names; by
    "pairs.parquet" the second is driven by itself.
    """
    samples = stored_of(made)
    others = [*samples[1:], samples[0]]
    write_stored(folder / "clean", samples)
    changed: dict[str, list[Members | None]] = {
        "swapped_sides": [*map(swapped, samples)],
        "stray_hand": [*map(stray, samples)],
        "strange_reference": [*map(strange, samples, others)],
        "sound_off": [*map(late, samples)],
    }
    planted: dict[str, set[str]] = {}
    for rule, found in changed.items():
        beside = list(zip(samples, found, strict=True))
        planted[rule] = {row.key for (row, _), new in beside if new}
        write_stored(folder / rule, [(row, new or old) for (row, old), new in beside])
    twice = [again(sample) for sample in samples]
    write_stored(folder / "copies", [*samples, *twice])
    planted["strange_face"] = planted["strange_reference"]
    planted["copies"] = {row.key for row, _ in (*samples, *twice)}
    both, rest = samples[:2], samples[2:]
    named = [(replace(row, subject="anna"), members) for row, members in both]
    write_stored(folder / "leak", [*named, *rest])
    planted["leak"], itself = {row.key for row, _ in both}, both[1][0].key
    planted["driver_is_target"] = {itself}
    (folder / "held").write_text(f"{both[0][0].key}\n")
    pairs = [pair(itself, 12, itself), pair(rest[0][0].key, 0, itself)]
    pq.write_table(encode(pairs, PairRow), folder / "pairs.parquet")
    return planted
