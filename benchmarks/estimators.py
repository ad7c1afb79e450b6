"""How fast the paper's networks are: each alone on ready crops, and with its crops cut out of frames.

    python -m benchmarks.estimators [--device cuda] [--precision bfloat16] [--seconds 10]

Weights are drawn from names, at the published sizes: speed does not depend on what they say. Crops are of
frames of 1920 x 1080 px, as large as a person in them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.machine import write_table
from pipeline.estimators.batches import on_device
from pipeline.estimators.faceverse.head import FaceCrop
from pipeline.estimators.faceverse.net import FaceRegressor
from pipeline.estimators.hmr.crop import Region, crop
from pipeline.estimators.hmr.net import HmrNet, HmrSizes, Kind, Precision
from pipeline.estimators.rtmpose.net import RtmNet, RtmSizes
from pipeline.estimators.rtmpose.topdown import PaddedBox

FRAME = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3)).astype(np.uint8)
PERSON, HAND, FACE = (
    np.array(box, float) for box in ((700, 60, 1200, 1040), (720, 500, 800, 600), (860, 90, 1020, 270))
)
Cut = Callable[[], np.ndarray]


def released(kind: Kind, precision: Precision) -> HmrNet:
    """HMR2.0 or HaMeR at its size."""
    sizes = HmrSizes(
        kind=kind,
        width=1280,
        depth=32,
        heads=16,
        hidden=5120,
        token=1,
        decoder_width=1024,
        decoder_depth=6,
        decoder_heads=8,
        decoder_head_width=64,
        decoder_hidden=1024,
    )
    return HmrNet(sizes, precision=precision)


def networks(precision: Precision) -> dict[str, tuple[Callable[[], nn.Module], Cut]]:
    """Each network, and what cuts its crop."""
    whole = RtmSizes(widen=1.0, deepen=1.0, points=133, width=288, height=384, two_levels=False)
    box = PaddedBox.around(PERSON, 288 / 384)
    return {
        "DWPose-l": (lambda: RtmNet(whole), lambda: box.crop(FRAME, 288, 384)),
        "HMR2.0": (lambda: released("body", precision), lambda: crop(FRAME, Region.around(PERSON))),
        "HaMeR": (
            lambda: released("hand", precision),
            lambda: crop(FRAME, Region.around(HAND, 2.0), mirror=True),
        ),
        "FaceVerse v4": (FaceRegressor, lambda: FaceCrop.around(FACE).cut(FRAME)),
    }


def rate(work: Callable[[], int], seconds: float) -> float:
    """Crops a second of work that says how many it did, after one time that does not count."""
    work()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        done += work()
    return done / (time.perf_counter() - began)


def measured(
    make: Callable[[], nn.Module], cut: Cut, device: str, batch: int, seconds: float
) -> tuple[float, float]:
    """Crops a second of a network alone on crops that are on the device, and with cutting them of a frame."""
    module = make().eval().requires_grad_(requires_grad=False).to(device)
    resident = torch.from_numpy(np.stack([cut()] * batch)).to(device)
    net = on_device(module, device)

    @torch.inference_mode()
    def alone() -> int:
        module(resident)
        if device != "cpu":
            torch.cuda.synchronize()
        return batch

    def role() -> int:
        net(np.stack([cut() for _ in range(batch)]))
        return batch

    return rate(alone, seconds), rate(role, seconds)


def main() -> None:
    """Measure and write the table."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--device", default="cpu")
    flags.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    flags.add_argument("--seconds", type=float, default=10.0)
    asked = flags.parse_args()
    on = torch.cuda.get_device_name(asked.device) if asked.device != "cpu" else "its processor"
    batch = 2 if asked.device == "cpu" else 64
    rows: list[tuple[str, ...]] = [("network", "alone, crops/s", "role, crops/s", "ratio")]
    for name, (make, cut) in networks(asked.precision).items():
        alone, role = measured(make, cut, asked.device, batch, asked.seconds)
        rows.append((name, f"{alone:.2f}", f"{role:.2f}", f"{role / alone:.0%}"))
        print(*rows[-1], flush=True)
    place = Path(__file__).with_name("ESTIMATORS.md")
    note = f"On {on}, {asked.precision} in the transformers, batches of {batch}."
    write_table(
        place,
        "Networks of the paper's stack",
        " ".join(["python -m benchmarks.estimators", *sys.argv[1:]]),
        rows,
        note,
    )


if __name__ == "__main__":
    main()
