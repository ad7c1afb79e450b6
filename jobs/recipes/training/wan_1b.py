"""Wan 2.1 T2V-1.3B as the base: what one machine with a few GPUs can train."""

from __future__ import annotations

from model.data.augment import Augmentation
from model.data.epoch_order import OrderSettings
from model.data.settings import LoaderSettings, SampleSettings
from model.nets import sizes
from model.train.phases import body, everything, face
from model.train.settings import Training


def wan_1b() -> Training:
    """The paper's phases on the small public base; `--settings.base` and `--settings.vae` name its files."""
    return Training(
        sizes=sizes.wan_1b(),
        phases=(body(20_000), face(20_000), everything(30_000)),
        loader=LoaderSettings(
            order=OrderSettings(held_out=0.005), sample=SampleSettings(augment=Augmentation(mirror=0.5))
        ),
        zero_stage=2,
    )
