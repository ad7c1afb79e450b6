"""`understudy preview`: what a data set looks like, straight from its shards."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import degrees, tau
from pathlib import Path

import cv2
import numpy as np
import tyro
from rich.console import Console

from dataset.arrays import unpack
from dataset.index import read_index
from dataset.tar import TAR_END, read_members, samples_in
from jobs.choice import Choice, chosen, file_of
from jobs.console.contact_sheets import Picture, below, beside, captioned, fit, label, overlay
from jobs.console.flags import parsed
from jobs.console.progress import readable_s
from jobs.console.worst_frames import worst_frames
from jobs.exit_codes import ExitCode
from jobs.out_folder import refuse_file
from media.decode import decode_bytes
from media.encode import EncodeError, VideoSettings, video_writer
from schemas.controls import Controls, frames_of
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import IndexRow
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
class Preview(Choice):
    """Draw contact sheets of a data set, and overlay videos if wished."""

    data: tyro.conf.Positional[str | Path]
    """Folder or address of the data set."""
    out: Path
    """Folder for the pictures."""
    samples: int = 24
    """Most samples to show, spread evenly over those that are chosen, or the first ones by `sort`."""
    per_sheet: int = 3
    """Samples on one sheet."""
    videos: bool = False
    """Write an overlay video of each shown sample, too: all of its frames, which takes longer."""


def parse(args: list[str]) -> Preview:
    """The job of a command line."""
    return parsed(Preview, "preview", args)


def preview(job: Preview, console: Console) -> ExitCode:
    """Write the sheets and videos; `WHOLE`.

    Raises:
        ValueError: there is no data set, a shard is damaged, or nothing is chosen, or `out` is a file.
        OSError: a sheet or a video cannot be written.
    """
    refuse_file(job.out, "the sheets")
    data = Place.at(job.data)
    shown = chosen(job, read_index(data), job.samples)
    job.out.mkdir(parents=True, exist_ok=True)
    began, strips = time.monotonic(), list[Picture]()
    for number, row in enumerate(shown, start=1):
        strips.append(drawn(job, data, row))
        left = readable_s((time.monotonic() - began) / number * (len(shown) - number))
        message = f"{number} of {len(shown)}: {row.key}, {row.framing}, {row.frames} frames; {left} left"
        console.print(message, highlight=False)
        if len(strips) == job.per_sheet or number == len(shown):
            sheet = job.out / f"sheet_{(number - 1) // job.per_sheet:03d}.png"
            write_picture(sheet, below(strips, gap=16))
            console.print(f"wrote {sheet}", highlight=False, soft_wrap=True)
            strips.clear()
    return ExitCode.WHOLE


def drawn(job: Preview, data: Place, row: IndexRow) -> Picture:
    """A sample on a sheet; its overlay video is written, where that is asked for."""
    members = members_of(data, row)
    controls = Controls(**unpack(members[TRACKS]))
    seen = drawn_frames(members, controls, row, range(row.frames) if job.videos else on_sheet(controls))
    if job.videos:
        write_overlay(job.out / f"{row.key}.mp4", seen)
    return strip(row, controls, seen, references(members, row), window_in(members))


def on_sheet(controls: Controls) -> list[int]:
    """The frames of a sample that its strip shows: spread evenly, and the worst with those before them."""
    worst = [t for last in worst_frames(controls).values() for t in (last - 1, last)]
    return sorted({*spread_frames(len(controls.body_yaw)), *worst})


def spread_frames(frames: int) -> list[int]:
    """The frames of so many that a strip shows of any sample."""
    numbers: list[int] = np.linspace(0, frames - 1, STRIP_FRAMES, dtype=int).tolist()
    return numbers


@dataclass(frozen=True)
class SheetFrames:
    """Frames of a sample by their numbers."""

    laid: Mapping[int, Picture]  # under their controls
    maps: Mapping[int, Picture]  # the controls alone
    face: Mapping[int, Picture]


def drawn_frames(
    members: dict[str, bytes], controls: Controls, row: IndexRow, numbers: Sequence[int]
) -> SheetFrames:
    """Those frames of a sample, in increasing order, decoded and drawn."""
    video, face = (decode_bytes(members[name], numbers) for name in (VIDEO, FACE))
    part = frames_of(controls, np.asarray(numbers))
    skeleton, sphere = (draw(part, row.width, row.height) for draw in (draw_skeleton, draw_spheres))
    pictures = (overlay(video, skeleton, sphere), np.maximum(skeleton, sphere), face)
    return SheetFrames(*(dict(zip(numbers, frames, strict=True)) for frames in pictures))


def members_of(data: Place, row: IndexRow) -> dict[str, bytes]:
    """The members of a stored sample by name: only its own bytes are read."""
    tar = BytesIO(data.read(row.shard, row.offset, row.size) + TAR_END)
    stored = samples_in(tar)
    if [sample.key for sample in stored] != [row.key]:
        raise ValueError(f"{row.shard} does not hold sample {row.key} there: see `understudy check`")
    return read_members(tar, stored[0])


def references(members: dict[str, bytes], row: IndexRow) -> list[Picture]:
    """The reference frames, each with why it was chosen."""
    pictures = []
    for line in json.loads(members[META])["references"]:
        packed = cv2.imdecode(np.frombuffer(members[line["member"]], np.uint8), cv2.IMREAD_COLOR_RGB)
        why = f"{line['reason']} {round(degrees(beside_range(line['yaw'], row)))}°"
        pictures.append(below([label([why], CAPTION_PX), fit(np.asarray(packed), REFERENCE_PX)]))
    return pictures


def beside_range(yaw: float, row: IndexRow) -> float:
    """A reference's yaw, rad, on the turn that is nearest to the range that its sample goes through.

    Where that is a whole turn or more every yaw lies in it, and it stays as stored.
    """
    if goes_round(row):
        return yaw
    return yaw + tau * round(((row.yaw_min + row.yaw_max) / 2 - yaw) / tau)


def goes_round(row: IndexRow) -> bool:
    """Whether a sample shows the person from all sides."""
    return row.yaw_max - row.yaw_min >= tau


def range_of(row: IndexRow) -> str:
    """The yaws that a sample goes through, in words."""
    if goes_round(row):
        return "yaw all around"
    return f"yaw {round(degrees(row.yaw_min))} to {round(degrees(row.yaw_max))}°"


def window_in(members: dict[str, bytes]) -> str:
    """What the canvas shows of its source's pictures, in words; of sets that do not tell it, nothing."""
    meta = json.loads(members[META])
    if "window" not in meta:
        return ""
    (x0, y0, x1, y1), source = meta["window"], meta["source"]
    return f"   window: {x1 - x0}x{y1 - y0} at {x0}, {y0} of {source['width']}x{source['height']}"


def strip(
    row: IndexRow,
    controls: Controls,
    seen: SheetFrames,
    pictures: Sequence[Picture],
    window: str,
) -> Picture:
    """One sample on a sheet: its facts, frames under their controls, the worst, maps, faces, references."""
    shown = spread_frames(row.frames)
    frames = beside([captioned(fit(seen.laid[t], FRAME_PX), f"{t}") for t in shown])
    worst = worst_of(controls, seen.laid)
    drawn = beside([fit(seen.maps[t], SMALL_PX) for t in shown])
    words = ["" if valid else "no face" for valid in controls.face_valid[shown]]
    faces = beside(
        [captioned(fit(seen.face[t], SMALL_PX), word) for t, word in zip(shown, words, strict=True)]
    )
    facts = [
        f"{row.key}   {row.framing}   {row.frames} frames   {row.width}x{row.height}   "
        f"domain: {row.domain}   licence: {row.licence}   usable for: {row.usable_for}",
        f"{range_of(row)}   seen: face {row.face_ratio:.0%}, body {row.body_ratio:.0%}, "
        f"left hand {row.left_hand_ratio:.0%}, right hand {row.right_hand_ratio:.0%}{window}",
        f"motion {row.motion:.2f} torso lengths/s   sharpness {row.sharpness:.0f}   "
        f"least similarity {row.reference_similarity:.2f}   sound {'yes' if row.has_audio else 'no'}   "
        f"file: {file_of(row)}",
        "rows: video under its controls, where side, radius or hand change most, controls, faces, references",
    ]
    rows = [frames, *worst, drawn, faces, beside(pictures)]
    return below([label(facts, max(frames.shape[1], SHEET_PX)), *rows])


def worst_of(controls: Controls, laid: Mapping[int, Picture]) -> list[Picture]:
    """A row of the frames in which side, radius or hand changes most, each behind the one before it."""
    found = worst_frames(controls)
    shown = [(t, word) for word, last in found.items() for t in (last - 1, last)]
    pictures = [captioned(fit(laid[t], FRAME_PX), f"{word} {t}") for t, word in shown]
    return [beside(pictures)] if pictures else []


def write_overlay(path: Path, seen: SheetFrames) -> None:
    """A video of overlay, maps and face crop side by side, of all frames.

    Raises:
        OSError: it cannot be written.
    """

    def page(t: int) -> Picture:
        parts = beside([fit(pictures[t], VIDEO_PX) for pictures in (seen.laid, seen.maps, seen.face)])
        return parts[:, : parts.shape[1] // 2 * 2]

    height, width = page(0).shape[:2]
    try:
        with video_writer(path, width, height, VideoSettings(crf=23)) as write:
            for t in seen.laid:
                write(page(t)[None])
    except EncodeError as error:
        raise OSError(str(error)) from error


def refuse_other_picture(path: Path) -> None:
    """Raise OSError where a picture's name is no PNG's."""
    if path.suffix.lower() != ".png":
        raise OSError(f"{path}: a PNG is written: name it so")


def write_picture(path: Path, picture: Picture) -> None:
    """A PNG, whole or not at all.

    Raises:
        OSError: it cannot be written, or its name is no PNG's.
    """
    refuse_other_picture(path)
    packed = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
    Place.at(path.absolute().parent).write(path.name, packed.tobytes())
