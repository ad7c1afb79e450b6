"""Speed of every stage, and how near the costly ones come to their speed of light.

    python -m benchmarks.stages [CLIPS_FOLDER [NAME_PREFIX ...]]

The speed of light of a stage is the time of its model calls (or of its encoder) alone, on frames that are in
memory already; decoding alone is timed too. Stage and light are timed on the same clips in the same run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.chosen import chosen
from benchmarks.machine import machine, write_table
from engine.core import Gather, Stage, Step
from engine.ledger import Ledger
from engine.leg import Leg, LegRunner
from engine.planning.rates import Rate, Rates, measured, write_rates
from jobs.commands.curate import Curate, curate
from media.decode import decode
from media.encode import VideoSettings, video_writer
from media.resample import resample
from pipeline.flow import Curation, estimating, legs
from pipeline.stages.corpus import CorpusSettings
from pipeline.stages.estimate import Estimate
from schemas.controls import CANVAS_AREA
from schemas.media import FPS, Clip

FOLDER = Path(__file__).parent
PREFIXES = ("talk_01", "talk_04", "half_04", "half_05", "full_01", "full_08")


def main(folder: Path, prefixes: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        videos, out = chosen(folder, prefixes, Path(scratch) / "videos"), Path(scratch) / "set"
        job = Curate(videos=videos, out=out, corpus=CorpusSettings(follow_links=True))
        began = time.perf_counter()
        curate(job, Console(quiet=True))
        first_s = time.perf_counter() - began
        began = time.perf_counter()
        curate(job, Console(quiet=True))
        again_s = time.perf_counter() - began
        rows, busy_s = of_stages(out)
        write_rates(FOLDER / "stages.json", rates(out))
        rows += against_light(out)
        rows.append(
            (
                "the job beyond its stages",
                "",
                f"{first_s - busy_s:.1f} s",
                f"{(first_s - busy_s) / first_s:.1%}",
            )
        )
        rows.append(("a finished job run again", "", f"{again_s:.2f} s", f"{again_s / first_s:.1%}"))
    heads = ("what", "frames at 24 fps a second", "time", "share")
    write_table(
        FOLDER / "STAGES.md",
        "Speed of the stages",
        "python -m benchmarks.stages",
        [heads, *rows],
        "Share: of the whole first run for stages and the job; of the stage's time for its speed of light.",
        f"Clips: {', '.join(prefixes)}. First run {first_s:.0f} s, one process.",
    )


def of_stages(out: Path) -> tuple[list[tuple[str, ...]], float]:
    """Rate and share of each step, from the ledger; seconds in all steps."""
    ledger = Ledger(out)
    tallies = [tally for leg in legs(Curation(), out) for tally in ledger.tallies(leg.name)]
    busy_s = sum(tally.busy_s for tally in tallies)
    return [
        (
            f"stage {tally.step}",
            f"{tally.offered_s * FPS / tally.busy_s:.1f}" if tally.offered_s and tally.busy_s else "",
            f"{tally.busy_s:.2f} s",
            f"{tally.busy_s / busy_s:.1%}",
        )
        for tally in tallies
    ], busy_s


def rates(out: Path) -> Rates:
    """What `understudy estimate-cost` needs of a finished run."""
    house = legs(Curation(), out)
    blank = Rate(leg="", step="", frames_per_s=0.0, keeps=1.0)
    unmeasured = Rates(
        measured="",
        steps=tuple(replace(blank, leg=leg.name, step=step.name) for leg in house for step in leg.steps),
        source_s=0.0,
        sample_s=0.0,
        lap_s=beyond_its_steps_s(house[LAPS_OF], out),
        worker_s=worker_start_s(),
        crew_s={leg.name: crew_making_s(leg.name) for leg in house},
    )
    return measured(Ledger(out), house, unmeasured, machine())


LAPS_OF = 4
"""The leg whose laps are run again: samples, which reads and writes the heaviest rows."""


def unminded(_: Step[Any, Any] | Gather[Any, Any], stage: Stage[Any, Any]) -> Stage[Any, Any]:
    """A stage that nobody watches."""
    return stage


def beyond_its_steps_s(leg: Leg, out: Path) -> float:
    """Seconds that a lap takes beside its steps: reading, landing, marking."""
    crew, ledger = LegRunner(leg, time.perf_counter, unminded), Ledger(out)
    laps = leg.laps(ledger)
    began = time.perf_counter()
    busy_s = sum(tally.busy_s for lap in laps for tally in crew.run(lap, ledger, lambda _: None).steps)
    return (time.perf_counter() - began - busy_s) / len(laps)


def crew_making_s(leg: str) -> float:
    """Seconds until a new worker has the stages of a leg ready, what they import included."""
    code = (
        "import time; from pathlib import Path; from pipeline.flow import Curation, legs\n"
        "from engine.leg import LegRunner; began = time.perf_counter()\n"
        "house = legs(Curation(), Path())\n"
        f"[LegRunner(leg, float, lambda _, stage: stage) for leg in house if leg.name == {leg!r}]\n"
        "print(time.perf_counter() - began)"
    )
    return float(printed_by(code).splitlines()[-1])


def worker_start_s() -> float:
    """Seconds of the start of an actor and then of the process that it guards."""
    began = time.perf_counter()
    printed_by("import engine.runners.ray.fleet")
    printed_by("import engine.runners.process, pipeline.flow")
    return time.perf_counter() - began


def printed_by(code: str) -> str:
    """What a Python process of its own prints."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def against_light(out: Path) -> list[tuple[str, ...]]:
    """The estimate stage and its parts, on the clips that the job kept."""
    ledger = Ledger(out)
    clips = [clip for name in ledger.names("clips") for clip in ledger.rows("clips", name, Clip)]
    stage = estimating(Curation().estimate, Curation().backends, Curation().one_person)
    frames = sum(clip.num_frames for clip in clips)
    stage_s = decode_s = light_s = encode_s = 0.0
    for clip in clips:
        began = time.perf_counter()
        list(stage(clip))
        stage_s += time.perf_counter() - began
        decoding, calls, encoding = parts_of(stage, clip)
        decode_s += decoding
        light_s += calls
        encode_s += encoding
    return [
        ("estimate, once more", f"{frames / stage_s:.1f}", f"{stage_s:.2f} s", ""),
        ("its model calls alone", f"{frames / light_s:.1f}", f"{light_s:.2f} s", f"{light_s / stage_s:.1%}"),
        ("decoding alone", f"{frames / decode_s:.1f}", f"{decode_s:.2f} s", ""),
        ("encoding alone, canvas size", f"{frames / encode_s:.1f}", f"{encode_s:.2f} s", ""),
    ]


def parts_of(stage: Estimate, clip: Clip) -> tuple[float, float, float]:
    """Seconds of decoding a clip, of the model calls on its frames, and of encoding them at canvas size."""
    windows = decode(clip.video, clip.first_frame, clip.num_frames, window=stage.window_of(clip))
    scale = (CANVAS_AREA / (clip.video.width * clip.video.height)) ** 0.5
    width, height = (int(scale * side) // 2 * 2 for side in (clip.video.width, clip.video.height))
    small, work = [], stage.begin({})
    decode_s = light_s = 0.0
    began = time.perf_counter()
    while (frames := next(windows, None)) is not None:
        decode_s += time.perf_counter() - began
        began = time.perf_counter()
        stage.estimate_window(work, frames)
        light_s += time.perf_counter() - began
        small.append(resample(frames, np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]]), width, height))
        began = time.perf_counter()
    decode_s += time.perf_counter() - began
    began = time.perf_counter()
    stage.tell(work)
    light_s += time.perf_counter() - began
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as scratch,
        video_writer(Path(scratch) / "video.mp4", width, height, VideoSettings()) as write,
    ):
        for frames in small:
            write(frames)
    return decode_s, light_s, time.perf_counter() - began


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2:]) or PREFIXES)
