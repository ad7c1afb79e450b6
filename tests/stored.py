"""Samples of the synthetic figure as the shard stage is given them, and a small data set of them."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from dataset.index_writer import write_index
from dataset.names import tar_name
from media.encode import VideoSettings
from media.probe import probe
from pipeline.geometry import canvas_affine
from pipeline.stages.shard import Shard, ShardSettings
from schemas.arrow import encode
from schemas.controls import Controlled, Controls
from schemas.index import IndexRow, ShardPlan, bucket_name
from schemas.media import Clip, PictureStats, Probed, Source, clip_key
from schemas.origin import Origin
from schemas.sample import Reference, Sample
from schemas.tracks import Appearance, EstimatorCard
from tests.paint import frames_of, write_video
from tests.synth import Scene, true_controls

CARD = EstimatorCard(name="truth", version="1", weights_sha256="", licence="none")


def filmed(path: Path, scene: Scene, *, sound: bool = False) -> Probed:
    """A scene's video on disk, as the probe sees it; with a rising tone where `sound` is set."""
    picture = write_video(path, frames_of(scene), scene.fps)
    if sound:
        tone = f"aevalsrc=0.4*sin(800*t*t):d={scene.num_frames / scene.fps}:s=44100"
        picture = with_sound(picture, "-f", "lavfi", "-i", tone)
    return probed(picture)


def with_sound(picture: Path, *given: str) -> Path:
    """The video again, with the sound that ffmpeg is given by these arguments."""
    path = picture.with_stem(f"{picture.stem} with sound")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(picture), *given, "-c:v", "copy"]
    subprocess.run([*command, "-c:a", "aac", str(path)], check=True)
    return path


def probed(picture: Path) -> Probed:
    """A video on disk, as the probe sees it."""
    data = picture.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    source = Source(
        key=sha256[:12],
        uri=str(picture),
        sha256=sha256,
        num_bytes=len(data),
        origin=Origin(licence="CC0", domain="synthetic"),
    )
    return probe(source, max_pixels=2**22, max_duration_s=60, max_pixel_stretch=0.1)


def sample_of(video: Probed, scene: Scene, first_frame: int, num_frames: int) -> Sample:
    """A stretch of a 24 fps scene with its true controls, on a canvas as large as the picture."""
    whole = true_controls(scene)
    span = slice(first_frame, first_frame + num_frames)
    part = {field.name: getattr(whole, field.name) for field in fields(Controls)}
    controls = Controls(**{name: array[span] if array.ndim else array for name, array in part.items()})
    key = clip_key(video.key, first_frame)
    look = PictureStats(
        brightness=100.0, contrast=50.0, motion=1.0, frozen=0.0, sharpness=100.0, rate=24.0, mixed=0.0
    )
    canvas = (scene.width, scene.height)
    affine = canvas_affine(video.width, video.height, canvas)
    scene_of = Controlled(
        smplx=None,
        key=key,
        clip=Clip(key=key, video=video, first_frame=first_frame, num_frames=num_frames, look=look),
        width=canvas[0],
        height=canvas[1],
        to_canvas=affine,
        framing=scene.framing,
        controls=controls,
        appearance=Appearance(
            frames=np.zeros(0, np.int32),
            vectors=np.zeros((0, 4), np.float32),
            sharpness=np.zeros(0, np.float32),
            face_sharpness=np.zeros(0, np.float32),
            hand_sharpness=np.zeros(0, np.float32),
            eyes_open=np.zeros(0, np.float32),
        ),
        quality={
            "face_ratio": float(controls.face_valid.mean()),
            "body_ratio": float(controls.body_valid.mean()),
            "left_hand_ratio": float((controls.left_hand_score > 0).mean()),
            "right_hand_ratio": float((controls.right_hand_score > 0).mean()),
            "head_ratio": float(controls.head_valid.mean()),
            **{f"{part}_in_view": 1.0 for part in ("head", "left_hand", "right_hand")},
            **{f"{part}_score": 0.75 for part in ("head", "left_hand", "right_hand")},
            "motion": 0.25,
            "jitter": 0.5,
            "odd_ratio": 0.0,
            "sharpness": 312.5,
            "face_px": 40.0,
            "truncation": 0.0,
            "hands_dropped": 0.0,
            "bars_ratio": 0.0,
            "reference_candidates": 12.0,
            "reference_gates": 4.0,
            "face_distance": 0.0,
        },
        provenance={"body": CARD, "smoothing": CARD},
    )
    references = tuple(
        Reference(
            source_frame=frame,
            why="yaw_max" if place == 0 else "yaw_min",
            yaw=float(whole.body_yaw[frame]),
            similarity=0.9 - 0.1 * place,
            sharpness=300.0,
            visible=1.0,
            crop=affine,
        )
        for place, frame in enumerate((scene.num_frames - 1, 0))
    )
    person = f"{video.key}-0"
    return Sample(key=key, person=person, scene=scene_of, references=references, content=0)


def in_their_tar(outcomes: Iterable[Any]) -> list[Any]:
    """What the shard stage gave for one tar, its rows under the name that the tar has."""
    found = list(outcomes)
    samples = [outcome.sha256 for outcome in found if isinstance(outcome, IndexRow)]
    return [
        replace(outcome, shard=tar_name(outcome.shard, samples)) if isinstance(outcome, IndexRow) else outcome
        for outcome in found
    ]


def tar_in(out: Path, place: str) -> Path:
    """The tar of a data set at a bucket and number, whatever its contents."""
    (found,) = out.glob(f"shards/{place}-*.tar")
    return found


def plan_of(*samples: Sample, number: int = 0) -> ShardPlan:
    """The samples, all of one canvas, as the plan of one tar."""
    bucket = bucket_name(samples[0].scene.width, samples[0].scene.height)
    members = tuple(sorted(samples, key=lambda sample: sample.key))
    return ShardPlan(key=f"{bucket}/{number:06d}", bucket=bucket, members=members)


SCENES = (
    Scene(number=1, width=96, height=144, num_frames=72, framing="full"),
    Scene(number=2, width=96, height=144, num_frames=64, framing="half", appearance=1, turn_deg=(40, -20)),
    Scene(number=3, width=144, height=96, num_frames=80, framing="half", appearance=2),
    Scene(number=4, width=144, height=96, num_frames=56, framing="full", appearance=3, turn_deg=(170, 200)),
)
STRETCHES = ((0, 25), (7, 33), (12, 41), (3, 53))
"""First frame and number of frames of the clips of each scene."""


def write_shards(out: Path, videos: Path, *, crf: int = 17) -> list[IndexRow]:
    """Four videos, one with sound, as sixteen samples in four tars, and their index.

    The videos are named without their folder, so that the set has the same bytes wherever it is made.
    """
    out = out.absolute()
    canvases: dict[tuple[int, int], list[Sample]] = {}
    with contextlib.chdir(videos):
        for scene in SCENES:
            video = filmed(Path(f"{scene.number}.mp4"), scene, sound=scene.number == 2)
            samples = [sample_of(video, scene, *stretch) for stretch in STRETCHES]
            canvases.setdefault((scene.width, scene.height), []).extend(samples)
        plans = [
            plan_of(*part, number=number)
            for samples in canvases.values()
            for number, part in enumerate((samples[:5], samples[5:]))
        ]
        return write_set(out, plans, ShardSettings(bake_maps=True, video=VideoSettings(crf=crf)))


def write_data_set(folder: Path) -> None:
    """The data set in the folder "set", and its videos beside it."""
    for part in ("videos", "set"):
        (folder / part).mkdir()
    write_shards(folder / "set", folder / "videos")


def write_set(out: Path, plans: Iterable[ShardPlan], settings: ShardSettings) -> list[IndexRow]:
    """Tars as planned, all of whose samples must fit, and their index; its rows by key."""
    rows: list[IndexRow] = []
    for plan in plans:
        for outcome in in_their_tar(Shard(settings, out)(plan)):
            assert isinstance(outcome, IndexRow), outcome
            rows.append(outcome)
    write_index(out, [encode(rows, IndexRow).select])
    return sorted(rows, key=lambda row: row.key)
