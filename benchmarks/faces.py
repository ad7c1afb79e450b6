"""Whether a small network learns what faces do, of strangers too, where there are enough people.

    python -m benchmarks.faces FOLDER

Makes a data set of drawn people in FOLDER, whose eyes and mouths move by chance, so that face crops alone
tell of them, and trains and tries recipe tiny on it as `benchmarks.learning` does on real clips; or goes on
with what is there.
"""

from __future__ import annotations

import contextlib
import math
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.learning import learn
from pipeline.stages.shard import ShardSettings
from schemas.media import SOUND_RATE
from schemas.sample import Sample
from tests.paint import frames_of, write_video
from tests.stored import plan_of, probed, sample_of, with_sound, write_set
from tests.synth import Scene, expression

FOLDER = Path(__file__).parent
PEOPLE, SIDE, FRAMES = 120, 128, 96
"""Drawn people; side of their pictures, px, and frames of their videos."""
STARTS, LENGTH = ((0, 10), (45, 56)), 40
"""From where to where the clips of a video may begin; frames of a clip."""
PER_TAR = 16


def main(folder: Path) -> None:
    folder = folder.absolute()
    if not (folder / "set").exists():
        draw(folder)
    learn(
        str(folder / "set"),
        folder / "runs",
        FOLDER / "FACES.md",
        "What a small network learns of faces, of drawn people",
        "python -m benchmarks.faces FOLDER",
        f"{PEOPLE} drawn people whose eyes and mouths move by chance.",
    )


def draw(folder: Path) -> None:
    """Videos of the people, and the data set of them."""
    (folder / "videos").mkdir(parents=True)
    with contextlib.chdir(folder / "videos"):  # names without folders: the same bytes wherever it is made
        everyone = list(samples())
        tars = [everyone[first : first + PER_TAR] for first in range(0, len(everyone), PER_TAR)]
        plans = [plan_of(*members, number=number) for number, members in enumerate(tars)]
        write_set(folder / "set", plans, ShardSettings())


def samples() -> Iterator[Sample]:
    """Two clips of each person, who turns in a way of their own."""
    dice = np.random.default_rng(0)
    for number in range(PEOPLE):
        turn = dice.uniform(-25, 25, 2)
        scene = Scene(
            number=number,
            width=SIDE,
            height=SIDE,
            num_frames=FRAMES,
            framing="portrait",
            turn_deg=(float(turn[0]), float(turn[1])),
            appearance=number,
            mood=number,
        )
        film = write_video(Path(f"{number}.mp4"), frames_of(scene), scene.fps)
        write_voice(Path(f"{number}.wav"), scene)
        video = probed(with_sound(film, "-i", f"{number}.wav"))
        for bounds in STARTS:
            yield sample_of(video, scene, int(dice.integers(*bounds)), LENGTH)


def write_voice(path: Path, scene: Scene) -> None:
    """A buzz of the person's own pitch, as loud as the mouth is open, in a little noise."""
    dice = np.random.default_rng(scene.number)
    seconds = np.arange(round(scene.num_frames / scene.fps * SOUND_RATE)) / SOUND_RATE
    turns = dice.uniform(90, 250) * seconds
    buzz = sum(np.sin(2 * math.pi * k * turns) / k for k in range(1, 11))
    mouth = expression(scene)[:, 1]
    loud = np.interp(seconds, np.arange(len(mouth)) / scene.fps, mouth)
    sound = 0.25 * loud * buzz + 0.002 * dice.standard_normal(len(seconds))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        file.writeframes((32767 * sound.clip(-1, 1)).astype("<i2").tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
