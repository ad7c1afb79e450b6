"""Whether head trackers agree across the cameras of a take; the known answer is 0 degrees.

A person is rendered for 16 cameras around its head, laid out as NeRSemble is, with colours to be corrected,
prepared and curated. What the tracker says in each camera is turned into the world and compared.

python -m benchmarks.nersemble [FOLDER]
"""

from __future__ import annotations

import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import write_table
from dataset.index import read_index
from dataset.reader import Reader
from dataset.sample_files import controls_of
from jobs.cli import main
from jobs.synthetic.acted import Acted, acted, frame_times
from jobs.synthetic.film import FilmSet, cast, exposed
from jobs.synthetic.kept import kept_folder
from jobs.synthetic.scenery import View
from jobs.synthetic.take import Take, random_actor
from jobs.synthetic.truth import truth
from pipeline.corpora.nersemble.calibration import PlacedCamera, angle_deg, read_cameras
from pipeline.corpora.nersemble.colour import decoded, encoded
from pipeline.corpora.nersemble.consistency import SeenHead, disagreement_deg
from pipeline.corpora.nersemble.layout import FPS, FRONTAL, SERIALS
from pipeline.corpora.nersemble.prepare import PrepareSettings, shown_pictures
from schemas.index import IndexRow
from schemas.media import Frames
from schemas.sample import TRACKS
from tests.nersemble import around, polynomial_of, write_take

WIDTH, HEIGHT, PICTURES = 640, 440, 77


@dataclass(frozen=True)
class Studio:
    """A person, what it does, and where its head is."""

    on: FilmSet
    doing: Acted
    head: np.ndarray  # 3, m, in the world

    def view(self, serial: str) -> View:
        """Where a camera stands: `tests.nersemble.around` tells it around another point."""
        pose = around(12.0 * (SERIALS.index(serial) - SERIALS.index(FRONTAL)))
        away = float(np.linalg.norm(self.head))
        return View(rotation=pose[:3, :3].T, place=self.head - away * pose[2, :3])

    def shown(self, serial: str, pictures: int = PICTURES) -> Frames:
        """What a camera sees, in its true colours; only what 24 fps show is drawn anew."""
        view, drawn = self.view(serial), shown_pictures(pictures)
        seen = {moment: exposed(self.on, [self.doing], view, moment) for moment in drawn}
        last = np.maximum.accumulate([moment if moment in seen else 0 for moment in range(pictures)])
        return np.stack([seen[int(moment)] for moment in last])


def polynomial_film(shown: Frames, serial: str) -> Frames:
    """Pictures of a camera in the colours that its matrix of version 2 corrects."""
    before = encoded(np.clip(decoded(shown / 255) @ np.linalg.inv(polynomial_of(serial)).T, 0, 1))
    return np.asarray(np.round(255 * before), np.uint8)


def studio() -> Studio:
    """Somebody who turns the head, in front of the cameras."""
    actor = random_actor(3, "talk", "portrait", speaks=True)
    take = Take(
        actors=(actor,), width=WIDTH, height=HEIGHT, num_frames=PICTURES, fps=FPS, sharpness=1, seed=3
    )
    on = cast(take, kept_folder())
    (person_truth,) = truth(on)
    return Studio(
        on, acted(take, actor, on.people[0], frame_times(take)), person_truth.head_center3d.mean(axis=0)
    )


def calibration_of(room: Studio) -> dict[str, object]:
    """`camera_params.json` of the studio."""
    focal = math.hypot(WIDTH, HEIGHT)
    poses = {}
    for serial in SERIALS:
        view = room.view(serial)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = view.rotation.T, -view.rotation.T @ view.place
        poses[serial] = pose.tolist()
    return {
        "world_2_cam": poses,
        "intrinsics": [[focal, 0, (WIDTH - 1) / 2], [0, focal, (HEIGHT - 1) / 2], [0, 0, 1]],
    }


def heads_in(
    out: Path, cameras: dict[str, PlacedCamera]
) -> tuple[dict[str, SeenHead], dict[str, PlacedCamera]]:
    """What the tracker says in each camera at the moments of the take, and that camera on its canvas."""
    reader = Reader(str(out), verify=True)
    heads, placed = {}, {}
    for row in read_index(out).rows():
        controls = controls_of(row, reader.read(row)[TRACKS])
        heads[row.camera] = on_the_clock(
            row, controls.head_rotation, controls.head_center, controls.head_valid
        )
        inner = np.array(
            [[row.camera_focal, 0, row.principal_x], [0, row.camera_focal, row.principal_y], [0, 0, 1]]
        )
        placed[row.camera] = PlacedCamera(cameras[row.camera].rotation, cameras[row.camera].shift, inner)
    return heads, placed


def on_the_clock(row: IndexRow, rotation: np.ndarray, center: np.ndarray, valid: np.ndarray) -> SeenHead:
    """A sample's head at the moments of its take: those before and after it are not measured."""
    first, num = round(24 * row.start_s), int(PICTURES / FPS * 24) + 1
    span = slice(first, first + row.frames)
    every = SeenHead(
        rotation=np.tile(np.eye(3), (num, 1, 1)), center=np.zeros((num, 2)), valid=np.zeros(num, np.bool_)
    )
    every.rotation[span], every.center[span], every.valid[span] = rotation, center, valid
    return every


def bench(folder: Path) -> list[tuple[str, ...]]:
    """The rows of the table."""
    room = studio()
    data, ready, out = folder / "data", folder / "ready", folder / "set"

    def film(serial: str) -> Frames:
        return polynomial_film(room.shown(serial), serial)

    write_take(data, film, version=2, sequence="EXP-1-head", camera_params=calibration_of(room))
    main(["nersemble", str(data), "--out", str(ready)])
    how = ("--settings.control.canvas-area", "153600", "--settings.screen.min-source-share", "0.2")
    main(["curate", "--videos", str(ready / "manifest.csv"), "--out", str(out), *how])
    cameras = read_cameras(data / "017" / "calibration" / "camera_params.json")
    heads, placed = heads_in(out, cameras)
    found = disagreement_deg(heads, placed)
    rows: list[tuple[str, ...]] = [("camera", "aside, degrees", "heads", "from the others, degrees")]
    for serial in SERIALS:
        aside = f"{angle_deg(cameras[serial], cameras[FRONTAL]):.0f}"
        seen = serial in found
        rows.append(
            (
                serial,
                aside,
                *((f"{heads[serial].valid.sum()}", f"{found[serial]:.1f}") if seen else ("none", "")),
            )
        )
    return rows


def tell(rows: list[tuple[str, ...]]) -> None:
    """Write the table."""
    widest = PrepareSettings().widest_deg
    targets = [float(row[3]) for row in rows[1:] if float(row[1]) <= widest and row[3]]
    write_table(
        Path(__file__).with_name("NERSEMBLE.md"),
        "Heads of a take, as each of its cameras tells them",
        "python -m benchmarks.nersemble",
        rows,
        "Rotations are turned into the world by the calibration; the known answer is 0. Cameras that are",
        f"targets, up to {widest:.0f} degrees aside: {min(targets)} to {max(targets)} degrees. {PICTURES} "
        "pictures at 73 a second, shown at 24; the other cameras tell looks alone.",
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        tell(bench(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)))
