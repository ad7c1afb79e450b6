"""How fast the paper's networks are: each alone, in its role, and in the whole stage with decoding.

    python -m benchmarks.estimators VIDEO [--device cuda] [--precision bfloat16] [--frames 240]
    python -m benchmarks.estimators VIDEO --frames 8 [--small]                    # on a processor

A role is timed on frames in memory: its crops cut, its network, its answer. On a processor seconds are those
that this process worked, on one thread: others on the machine do not count. What roles reach is written to
estimators.json, from which `understudy estimate-cost --recipe research --gpu NAME` reads it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import torch

from benchmarks.machine import machine, write_table
from benchmarks.research_stack import Counting, Network, estimators, networks, whole_body
from jobs.commands.estimate_cost import GPU_RATES
from media.ahead import ahead
from media.decode import decode
from pipeline.estimators.mediapipe.person import MediapipePerson
from pipeline.stages.clip_tracks import Estimators
from pipeline.stages.corpus import Corpus
from pipeline.stages.estimate import Estimate, EstimateSettings
from pipeline.stages.probe import Probe, ProbeSettings
from schemas.media import Frames, Listed, Probed
from schemas.origin import Origin
from schemas.tracks import Role


def clock_of(device: str) -> Callable[[], float]:
    """Seconds: of this process on a processor, of the clock on a GPU that has done all that it was given."""
    if device == "cpu":
        return time.process_time

    def clock() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return clock


def seconds(work: Callable[[], Any], clock: Callable[[], float]) -> float:
    """What a piece of work takes."""
    began = clock()
    work()
    return clock() - began


@torch.inference_mode()
def alone(network: Network, device: str, batch: int, rounds: int) -> float:
    """Crops a second of a network on crops that are on the device."""
    crops = torch.rand(batch, 3, *network.shape, device=device)
    network.module(crops)
    clock = clock_of(device)
    return rounds * batch / seconds(lambda: [network.module(crops) for _ in range(rounds)], clock)


def probed(path: Path) -> Probed:
    """The video of a file."""
    (source,) = Corpus()(Listed(key="0" * 12, uri=str(path.absolute()), origin=Origin()))
    (video,) = Probe(ProbeSettings())(source)
    return video


def roles(
    stack: Estimators, counts: dict[Role, Counting], windows: list[Frames], clock: Callable[[], float]
) -> dict[Role, float]:
    """Crops a second of each role on frames in memory."""
    people = [stack.person(frames) for frames in windows]
    faces = [stack.face(frames, person) for frames, person in zip(windows, people, strict=True)]

    def over(estimator: Any, given: list[Any]) -> None:
        clip = estimator.begin()
        for frames, known in zip(windows, given, strict=True):
            clip.see(frames, known)
        clip.track()

    works: dict[Role, Callable[[], Any]] = {
        "person": lambda: [stack.person(frames) for frames in windows],
        "body": lambda: over(stack.body, people),
        "hands": lambda: over(stack.hands, people),
        "head": lambda: over(stack.head, faces),
    }
    rates = {}
    for role, work in works.items():
        before = counts[role].crops
        took = seconds(work, clock)
        rates[role] = (counts[role].crops - before) / took
    return rates


@dataclass(frozen=True)
class Measured:
    """Crops a second and crops of each role, and what the networks alone would take of the stage's time."""

    alone: dict[Role, float]
    role: dict[Role, float]
    crops: dict[Role, int]
    share: float


def measured(nets: dict[Role, Network], video: Probed, num_frames: int, device: str, batch: int) -> Measured:
    """The networks alone, their roles, and the stage, on the first frames of a video."""
    window, clock = max(1, min(48, 96 * 2**20 // (video.width * video.height * 3))), clock_of(device)
    windows = list(decode(video, 0, num_frames, window=window))
    tracker = MediapipePerson().build()
    stack, counts = estimators(nets, [whole_body(tracker(frames)) for frames in windows], device, batch)
    stage = Estimate(EstimateSettings(), stack)

    def whole() -> None:
        work = stage.begin({})
        for frames in ahead(decode(video, 0, num_frames, window=window)):
            stage.estimate_window(work, frames)
        stage.tell(work)

    rounds = 1 if device == "cpu" else 20
    rates = {role: alone(network, device, batch, rounds) for role, network in nets.items()}
    of_roles = roles(stack, counts, windows, clock)
    before = {role: count.crops for role, count in counts.items()}
    stage_s = seconds(whole, clock)
    crops = {role: count.crops - before[role] for role, count in counts.items()}
    least_s = sum(crops[role] / rates[role] for role in nets)
    return Measured(rates, of_roles, crops, least_s / stage_s)


def main() -> None:
    """Measure and write the table."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("video", type=Path)
    flags.add_argument("--device", default="cpu")
    flags.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    flags.add_argument("--frames", type=int, default=240)
    flags.add_argument("--small", action="store_true")
    asked = flags.parse_args()
    if asked.device == "cpu":
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
    batch, video = 4 if asked.device == "cpu" else 64, probed(asked.video)
    nets = networks(small=asked.small, precision=asked.precision)
    for network in nets.values():
        network.module.eval().requires_grad_(requires_grad=False).to(asked.device)
    found = measured(nets, video, asked.frames, asked.device, batch)
    rows: list[tuple[str, ...]] = [("what", "crops", "alone, crops/s", "role, crops/s", "ratio")]
    for role, network in nets.items():
        numbers = (f"{found.crops[role]}", f"{found.alone[role]:.2f}", f"{found.role[role]:.2f}")
        rows.append((network.name, *numbers, f"{found.role[role] / found.alone[role]:.0%}"))
    rows.append(("the stage with decoding", f"{asked.frames} frames", "", "", f"{found.share:.0%}"))
    if not asked.small:
        keep(asked, found)
    on = torch.cuda.get_device_name(asked.device) if asked.device != "cpu" else "one thread of its processor"
    size = "small networks" if asked.small else "published sizes"
    write_table(
        Path(__file__).with_name("ESTIMATORS_SMALL.md" if asked.small else "ESTIMATORS.md"),
        "Networks of the paper's stack",
        " ".join(["python -m benchmarks.estimators", asked.video.name, *sys.argv[2:]]),
        rows,
        f"On {on}, {size}, {asked.precision} in the transformers, batches of {batch}, pictures of "
        f"{video.width} x {video.height} px.",
        "Ratio: what a role reaches of its network alone on resident crops; of the stage, what its networks "
        "alone would take of its time.",
    )


def keep(asked: argparse.Namespace, found: Measured) -> None:
    """Write what was measured to where estimates read it."""
    device = torch.cuda.get_device_name(asked.device) if asked.device != "cpu" else machine().split(",")[0]
    known = json.loads(GPU_RATES.read_text()) if GPU_RATES.is_file() else {}
    known[f"{device}, {asked.precision}"] = {"alone": found.alone, "role": found.role}
    GPU_RATES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
