"""`understudy preview`: what a data set looks like, straight from its shards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import degrees
from pathlib import Path

import cv2
import numpy as np
import tyro
from rich.console import Console

from dataset.arrays import unpack
from dataset.index import read_index
from dataset.tar import TAR_END, read_members, samples_in
from jobs.console.contact_sheets import Picture, below, beside, captioned, fit, label, overlay
from jobs.exit_codes import ExitCode
from media.decode import decode_bytes
from media.encode import VideoSettings, video_writer
from schemas.controls import Controls
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import IndexRow
from schemas.media import Frames
from schemas.sample import FACE, META, TRACKS, VIDEO
from storage.place import Place

STRIP_FRAMES = 6
FRAME_PX = 220
SMALL_PX = 130
REFERENCE_PX = 200
CAPTION_PX = 150
SHEET_PX = 1000
VIDEO_PX = 480


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Draw contact sheets and overlay videos of a data set."""

    data: tyro.conf.Positional[str | Path]
    """Folder or address of the data set."""
    out: Path
    """Folder for the pictures."""
    samples: int = 24
    """Most samples to show, spread evenly over the index."""
    per_sheet: int = 3
    """Samples on one sheet."""
    videos: bool = True
    """Write an overlay video of each shown sample, too."""


def preview(job: Preview, console: Console) -> ExitCode:
    """Write the sheets and videos; `WHOLE`.

    Raises:
        ValueError: there is no data set, or a shard is damaged.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    data = Place.at(job.data)
    shown = spread(read_index(data).rows(), job.samples)
    rows = []
    for row in shown:
        members = members_of(data, row)
        controls = Controls(**unpack(members[TRACKS]))
        video, face = decode_bytes(members[VIDEO]), decode_bytes(members[FACE])
        skeleton = draw_skeleton(controls, row.width, row.height)
        sphere = draw_spheres(controls, row.width, row.height)
        laid, maps = overlay(video, skeleton, sphere), np.maximum(skeleton, sphere)
        rows.append(strip(row, controls, laid, maps, face, references(members)))
        if job.videos:
            write_overlay(job.out / f"{row.key}.mp4", laid, maps, face)
        console.print(f"{row.key}: {row.framing}, {row.frames} frames", highlight=False)
    for number, start in enumerate(range(0, len(rows), job.per_sheet)):
        write_picture(job.out / f"sheet_{number:03d}.png", below(rows[start : start + job.per_sheet], gap=16))
    console.print(f"{len(rows)} samples on sheets in {job.out}", highlight=False)
    return ExitCode.WHOLE


def spread(rows: Sequence[IndexRow], most: int) -> list[IndexRow]:
    """At most `most` rows, evenly over the index."""
    return [
        rows[i] for i in sorted(set(np.linspace(0, len(rows) - 1, min(most, len(rows)), dtype=int).tolist()))
    ]


def members_of(data: Place, row: IndexRow) -> dict[str, bytes]:
    """The members of a stored sample by name: only its own bytes are read."""
    tar = BytesIO(data.read(row.shard, row.offset, row.size) + TAR_END)
    stored = samples_in(tar)
    if [sample.key for sample in stored] != [row.key]:
        raise ValueError(f"{row.shard} does not hold sample {row.key} there: see `understudy check`")
    return read_members(tar, stored[0])


def references(members: dict[str, bytes]) -> list[Picture]:
    """The reference frames, each with why it was chosen."""
    pictures = []
    for line in json.loads(members[META])["references"]:
        packed = cv2.imdecode(np.frombuffer(members[line["member"]], np.uint8), cv2.IMREAD_COLOR_RGB)
        why = f"{line['reason']} {degrees(line['yaw']):.0f}°"
        pictures.append(below([label([why], CAPTION_PX), fit(np.asarray(packed), REFERENCE_PX)]))
    return pictures


def strip(
    row: IndexRow, controls: Controls, laid: Frames, maps: Frames, face: Frames, pictures: Sequence[Picture]
) -> Picture:
    """One sample on a sheet: its facts, frames under their controls, maps, face crops, references."""
    shown = np.linspace(0, row.frames - 1, STRIP_FRAMES, dtype=int)
    frames = beside([captioned(fit(laid[t], FRAME_PX), f"{t}") for t in shown])
    drawn = beside([fit(maps[t], SMALL_PX) for t in shown])
    result = ["" if valid else "no face" for valid in controls.face_valid[shown]]
    faces = beside([captioned(fit(face[t], SMALL_PX), word) for t, word in zip(shown, result, strict=True)])
    facts = [
        f"{row.key}   {row.framing}   {row.frames} frames   {row.width}x{row.height}   "
        f"{row.domain}   {row.licence}",
        f"yaw {degrees(row.yaw_min):.0f}..{degrees(row.yaw_max):.0f}°   face {row.face_ratio:.0%}   "
        f"body {row.body_ratio:.0%}   hands {row.left_hand_ratio:.0%} {row.right_hand_ratio:.0%}   "
        f"motion {row.motion:.2f}   sharpness {row.sharpness:.0f}   "
        f"similarity {row.reference_similarity:.2f}   sound {'yes' if row.has_audio else 'no'}",
    ]
    return below([label(facts, max(frames.shape[1], SHEET_PX)), frames, drawn, faces, beside(pictures)])


def write_overlay(path: Path, laid: Frames, maps: Frames, face: Frames) -> None:
    """A video of overlay, maps and face crop side by side."""

    def page(t: int) -> Picture:
        parts = beside([fit(laid[t], VIDEO_PX), fit(maps[t], VIDEO_PX), fit(face[t], VIDEO_PX)])
        return parts[:, : parts.shape[1] // 2 * 2]

    height, width = page(0).shape[:2]
    with video_writer(path, width, height, VideoSettings(crf=23)) as write:
        for t in range(len(laid)):
            write(page(t)[None])


def write_picture(path: Path, picture: Picture) -> None:
    """A PNG."""
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
