"""What metrics of evaluation take beside their networks, what decoding takes, and memory over the pairs.

    python -m benchmarks.metrics [CLIP]

At least 80 % of the time is the networks', those of pictures and of people apart: a film and its truth are
decoded once, past all meters. Networks of files have weights drawn by chance: they take as long. Seconds are
the process's, of all threads, so other work on the machine does not count. VMAF has no network of ours.
`evaluate score` then runs on few pairs and on many, in processes of their own, and takes as much memory.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image
from torch import nn

from benchmarks.machine import write_table
from jobs.evaluation.films import facts_of, pictures_of
from jobs.evaluation.people import PeopleMeter, face_of
from media.encode import VideoSettings, write_video
from model.encode.threads import one_thread
from model.eval.effnet import packaged_effnet
from model.eval.effnet_meter import EffNetMeter
from model.eval.feature_meter import FeatureMeter
from model.eval.i3d import I3d
from model.eval.inception import Inception
from model.eval.lpips import ALEX, VGG, Lpips
from model.eval.networks import Networks
from model.eval.picture_meter import PictureMeter
from model.eval.resnet3d import ResNet3d
from model.eval.stream import Meter, Pictures, measure
from model.eval.time_meter import TimeMeter
from pipeline.backends import Backends
from pipeline.estimators.identity.face_embedder import PackagedFaceEmbedder
from pipeline.estimators.identity.face_net import FaceNet
from pipeline.estimators.mediapipe.net import Net

FOLDER = Path(__file__).parent
FRAMES, SIZE = 16, (320, 192)
"""Of the film: a window."""
LEAST = 0.8
"""Share of the time that is the networks'."""
PAIRS, GROWTH = (4, 40), 1.05
"""Pairs of two benchmarks, and how much more memory the second may take."""


class Stopwatch:
    """Seconds inside the calls that it watches; a call inside another counts once."""

    def __init__(self) -> None:
        self.seconds, self.inside = 0.0, False

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, watched."""

        def run(*args: Any, **more: Any) -> Any:
            if self.inside:
                return call(*args, **more)
            self.inside, began = True, time.process_time()
            try:
                return call(*args, **more)
            finally:
                self.seconds += time.process_time() - began
                self.inside = False

        return run

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the block lasts, networks are watched: torch's, LiteRT's, and dlib's, which is numpy."""
        with (
            patch.object(nn.Module, "__call__", self.timed(nn.Module.__call__)),
            patch.object(Net, "__call__", self.timed(Net.__call__)),
            patch.object(FaceNet, "__call__", self.timed(FaceNet.__call__)),
        ):
            yield


def networks() -> Networks:
    """All that look at pictures, with weights drawn by chance where they are of files."""
    made: dict[str, nn.Module] = {
        "inception": Inception(),
        "i3d": I3d(),
        "i3d_disco": I3d(eps=1e-3, frames_pooled=1),
        "resnet3d": ResNet3d(),
        "alex": Lpips(ALEX),
        "vgg": Lpips(VGG),
    }
    found: Any = {name: net.eval() for name, net in made.items()}
    return Networks(**found, effnet=packaged_effnet("cpu"))


def meters(pictures: Pictures) -> dict[str, Callable[[], Sequence[Meter]]]:
    """What is measured together, by what it is called."""
    nets, estimators, embedder = networks(), Backends().build(), PackagedFaceEmbedder().build()
    assert nets.effnet is not None
    face = face_of(estimators, embedder, pictures[0])
    return {
        "PSNR, SSIM, LPIPS, FID, KID, FVD, FID-VID, EfficientNet, time": partial(all_of_pictures, nets),
        "people: identity, pose, joints, mouth": lambda: [PeopleMeter(estimators, embedder, face)],
    }


def all_of_pictures(nets: Networks) -> Sequence[Meter]:
    """The meters that look at whole pictures."""
    assert nets.effnet is not None
    return [PictureMeter(nets), FeatureMeter(nets), TimeMeter(), EffNetMeter(nets.effnet)]


def times(films: Sequence[Path], make: Callable[[], Sequence[Meter]]) -> tuple[float, float]:
    """Seconds of measuring a film beside its truth, both decoded on the way, and of these in networks."""
    made, truth = (pictures_of(facts_of(path)) for path in films)
    watch, looking = Stopwatch(), make()
    with one_thread(), watch.watching():
        began = time.process_time()
        measure(looking, made, truth)
        return time.process_time() - began, watch.seconds


def decoding(film: Path) -> float:
    """Seconds of decoding a film alone."""
    began = time.process_time()
    for _ in pictures_of(facts_of(film)):
        pass
    return time.process_time() - began


def table(found: Mapping[str, tuple[float, float]], alone: float) -> list[tuple[str, ...]]:
    """A row for each kind of metrics and for all, and one of decoding alone."""
    rows: list[tuple[str, ...]] = [("metrics", "s", "of these in networks, s", "share", "least")]
    for name, (spent, inside) in found.items():
        rows.append((name, f"{spent:.1f}", f"{inside:.1f}", f"{inside / spent:.0%}", f"{LEAST:.0%}"))
    rows.append(("decoding the film or its truth once", f"{alone:.2f}", "", "", ""))
    return rows


def short_films(clip: Path, folder: Path) -> list[Path]:
    """A window of a clip, a little too bright, and as it is."""
    film = pictures_of(facts_of(clip), size=SIZE)
    pictures = np.stack([next(film) for _ in range(FRAMES)])
    brighter = np.clip(pictures.astype(np.int16) + 3, 0, 255).astype(np.uint8)
    paths = [folder / "made.mp4", folder / "true.mp4"]
    for path, frames in zip(paths, (brighter, pictures), strict=True):
        write_video(path, [frames], VideoSettings(crf=10))
    return paths


def peak_mib(films: Sequence[Path], pairs: int, folder: Path) -> float:
    """Most memory of `evaluate score` on so many pairs of a film and its truth."""
    made = folder / "made"
    made.mkdir(parents=True)
    Image.new("RGB", SIZE).save(folder / "reference.png")
    names = [f"pair_{number}" for number in range(pairs)]
    for name in names:
        shutil.copy(films[0], made / f"{name}.mp4")
    rows = "".join(f"{name},{films[1]},reference.png\n" for name in names)
    (folder / "films.csv").write_text(f"pair_id,driving,reference\n{rows}")
    bench = str(folder / "bench.json")
    run("manifest", "--table", str(folder / "films.csv"), "--out", bench)
    return run("score", bench, "--made", f"x={made}", "--out", str(folder / "report"), "--no-people") / 1024


def run(*words: str) -> int:
    """Most KiB of a command, which a small process starts: Linux counts its starter's as a program's own."""
    code = "import resource as r, subprocess as s, sys; s.run(sys.argv[1:], check=True, stdout=2)"
    code += "; print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"
    command = [sys.executable, "-c", code, sys.executable, "-m", "jobs.cli", "evaluate", *words]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(clip: Path) -> None:
    """Write METRICS.md.

    Raises:
        SystemExit: they take more than a fifth of their time beside the networks, or memory grows with pairs.
    """
    with tempfile.TemporaryDirectory() as scratch:
        films = short_films(clip, Path(scratch))
        pictures = np.stack(list(pictures_of(facts_of(films[0]))))
        found = {name: times(films, make) for name, make in meters(pictures).items()}
        alone = decoding(films[0])
        few, many = (peak_mib(films, count, Path(scratch) / f"{count}") for count in PAIRS)
    spent, inside = (sum(part) for part in zip(*found.values(), strict=True))
    found["all"] = (spent, inside)
    title = "Metrics beside their networks alone"
    notes = (
        f"{FRAMES} frames of {SIZE[0]}x{SIZE[1]} px; times of a row hold decoding a film and its truth once.",
        "A method's film is decoded once, past all metrics; the driving film once alone and once beside each",
        f"method's, which is {alone / spent:.1%} of a film's time. Memory of `evaluate score --no-people`:",
        f"{few:.0f} MiB of {PAIRS[0]} pairs, {many:.0f} MiB of {PAIRS[1]}. Measured on {date.today()}.",
    )
    write_table(
        FOLDER / "METRICS.md", title, "python -m benchmarks.metrics", table(found, alone), " ".join(notes)
    )
    if min(part / whole for whole, part in found.values()) < LEAST:
        raise SystemExit("metrics take more than a fifth beside their networks")
    if many > GROWTH * few:
        raise SystemExit("memory grows with the number of pairs")


if __name__ == "__main__":
    corpus = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "clips"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else corpus / "half_04_tv_host.mp4")
