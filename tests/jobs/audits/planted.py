"""A data set of the figure, clean, or with faults planted in it, each in a sample of its own."""

from __future__ import annotations

import contextlib
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from pipeline.stages.shard import ShardSettings
from schemas.arrow import encode
from schemas.joints import BODY_JOINTS, mirrored
from schemas.pairs import PairRow
from schemas.sample import Sample
from schemas.version import SCHEMA
from tests.paint import frames_of, write_video
from tests.stored import plan_of, probed, sample_of, with_sound, write_set
from tests.synth import Scene, acted

FRAMES = 60
OTHER = list(mirrored(BODY_JOINTS))


def scene(number: int) -> Scene:
    """Somebody in other clothes for every number."""
    return Scene(
        number=16 * number,
        width=192,
        height=288,
        num_frames=FRAMES,
        framing="half",
        appearance=number % 4,
        turn_deg=(-25 + 3 * number % 20, 5 * number % 20),
        mood=number,
    )


def silent(number: int) -> Sample:
    """A sample of a film of its own."""
    path = write_video(Path(f"{number}.mp4"), frames_of(scene(number)), 24.0)
    return sample_of(probed(path), scene(number), 0, FRAMES)


def speaking(number: int, late_s: float) -> Sample:
    """A sample with a voice as loud as the mouth is open, later by so much."""
    seconds = np.arange(FRAMES * 16000 // 24) / 16000
    mouth = np.interp(seconds - late_s, np.arange(FRAMES) / 24, acted(scene(number)).face[:, 1])
    voice = 10000 * mouth * np.sin(2 * np.pi * 220 * seconds)
    with wave.open(f"{number}.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(voice.astype("<i2").tobytes())
    path = write_video(Path(f"{number}.mp4"), frames_of(scene(number)), 24.0)
    return sample_of(probed(with_sound(path, "-i", f"{number}.wav")), scene(number), 0, FRAMES)


def with_controls(sample: Sample, **arrays: Any) -> Sample:
    """The sample with other numbers."""
    return replace(sample, scene=replace(sample.scene, controls=replace(sample.scene.controls, **arrays)))


def swapped() -> Sample:
    """Left and right exchanged in the middle of the clip."""
    sample = silent(11)
    c, frames = sample.scene.controls, (np.arange(FRAMES) // 20 == 1)[:, None, None]
    points = {name: getattr(c, name) for name in ("joints2d", "joints3d")}
    return with_controls(sample, **{name: np.where(frames, a[:, OTHER], a) for name, a in points.items()})


def stray_hand() -> Sample:
    """A hand on somebody else."""
    sample = silent(12)
    return with_controls(sample, left_hand2d=sample.scene.controls.left_hand2d + np.float32(70))


def stranger() -> Sample:
    """Somebody else as a reference: the film goes on with others than the clip."""
    frames = np.concatenate([frames_of(scene(13)), frames_of(scene(14))[-2:]])
    sample = sample_of(probed(write_video(Path("13.mp4"), frames, 24.0)), scene(13), 0, FRAMES)
    first, second = sample.references
    return replace(sample, references=(replace(first, source_frame=FRAMES + 1), second))


def copied() -> Sample:
    """The film of the first sample, darker and encoded anew, as another source."""
    frames = (frames_of(scene(0)) * 0.9).astype(np.uint8)
    return sample_of(probed(write_video(Path("copy.mp4"), frames, 24.0)), scene(0), 0, FRAMES)


def anna(number: int) -> Sample:
    """Somebody whose name the manifest tells."""
    sample = silent(number)
    clip = sample.scene.clip
    source = replace(clip.video.source, origin=replace(clip.video.source.origin, subject="anna"))
    return replace(
        sample, scene=replace(sample.scene, clip=replace(clip, video=replace(clip.video, source=source)))
    )


def pair(driver: str, start: int, target: str) -> PairRow:
    """A driver from a frame on, and a target from its first."""
    names = {"driver_key": driver, "target_key": target, "reference_key": target}
    texts = dict.fromkeys(("driver_person", "target_person", "driver_subject", "target_subject"), "")
    return PairRow(
        key=f"cross_clip-{driver}-{start}-{target}-0",
        kind="cross_clip",
        driver_start=start,
        target_start=0,
        frames=25,
        yaw_difference_deg=0.0,
        similarity=1.0,
        schema=SCHEMA,
        **names,
        **texts,
    )


FAULTS: dict[str, Callable[[], Sample]] = {
    "swapped_sides": swapped,
    "stray_hand": stray_hand,
    "strange_reference": stranger,
    "sound_off": lambda: speaking(15, 0.12),
    "copies": copied,
}
"""By the rule that is to find it."""


def clean() -> list[Sample]:
    """Four people, two of whom speak."""
    return [silent(0), silent(1), speaking(2, 0.0), speaking(3, 0.02)]


def write_planted(folder: Path) -> None:
    """The sets "clean" and "faulty", and "planted", which names keys of the second by their faults.

    The file "held" names a sample that a training of these holds out, though it shows whom it learns from;
    "pairs.parquet" has a pair that drives itself, half a second later.
    """
    (folder / "videos").mkdir()
    with contextlib.chdir(folder / "videos"):
        good = clean()
        bad = {rule: make() for rule, make in FAULTS.items()}
        both = [anna(5), anna(6)]
        for name, samples in (("clean", good), ("faulty", [*good, *bad.values(), *both])):
            out = folder / name
            out.mkdir()
            write_set(out.absolute(), [plan_of(*samples)], ShardSettings())
    itself, other = both[1].key, good[2].key
    pairs = [pair(itself, 12, itself), pair(itself, 30, itself), pair(other, 0, itself)]
    found = [(rule, sample.key) for rule, sample in bad.items()]
    found += [("copies", good[0].key), *(("leak", one.key) for one in both), ("driver_is_target", itself)]
    (folder / "planted").write_text("".join(f"{rule} {key}\n" for rule, key in found))
    (folder / "held").write_text(f"{both[0].key}\n")
    pq.write_table(encode(pairs, PairRow), folder / "pairs.parquet")
