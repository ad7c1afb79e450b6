"""What metrics of evaluation take beside their networks: at least 80 % of the time is the networks'.

    python -m benchmarks.metrics [CLIP]

Networks of files have weights drawn by chance: they take as long. Seconds are the process's, of all threads,
so other work on the machine does not count. Pictures and people apart; VMAF has no network of ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from torch import nn

from benchmarks.machine import write_table
from jobs.evaluation.films import facts_of, pictures_of
from jobs.evaluation.people import PeopleMeter, face_of
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


def main(clip: Path) -> None:
    """Write METRICS.md.

    Raises:
        SystemExit: they take more than a fifth of their time beside the networks.
    """
    film = pictures_of(facts_of(clip), size=SIZE)
    pictures = np.stack([next(film) for _ in range(FRAMES)])
    worse = np.clip(pictures.astype(np.int16) + 3, 0, 255).astype(np.uint8)
    rows: list[tuple[str, ...]] = [("metrics", "s", "of these in networks, s", "share", "least")]
    all_s, networks_s, shares = 0.0, 0.0, list[float]()
    for name, make in meters(pictures).items():
        watch = Stopwatch()
        with one_thread(), watch.watching():
            began = time.process_time()
            measure(make(), worse, pictures)
            spent = time.process_time() - began
        all_s, networks_s = all_s + spent, networks_s + watch.seconds
        shares.append(watch.seconds / spent)
        rows.append((name, f"{spent:.1f}", f"{watch.seconds:.1f}", f"{shares[-1]:.0%}", f"{LEAST:.0%}"))
    shares.append(networks_s / all_s)
    rows.append(("all", f"{all_s:.1f}", f"{networks_s:.1f}", f"{shares[-1]:.0%}", f"{LEAST:.0%}"))
    height, width = pictures.shape[1:3]
    notes = (f"{FRAMES} frames of {width}x{height} px.", f"Measured on {date.today()}.")
    title = "Metrics beside their networks alone"
    write_table(FOLDER / "METRICS.md", title, "python -m benchmarks.metrics", rows, " ".join(notes))
    if min(shares) < LEAST:
        raise SystemExit("metrics take more than a fifth beside their networks")


if __name__ == "__main__":
    corpus = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "clips"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else corpus / "half_04_tv_host.mp4")
