"""The published settings (method.md 8), on the largest public base of the kind.

Phases of 20 000, 20 000 and 30 000 steps, AdamW at 5e-6, windows of 25 to 121 frames at an area of 960x640;
what the paper leaves open is as method.md 14 has it, by the defaults of the settings.
"""

from __future__ import annotations

from model.data.augment import Augmentation
from model.data.epoch_order import OrderSettings
from model.data.settings import LoaderSettings, SampleSettings
from model.nets import sizes
from model.train.phases import body, everything, face
from model.train.settings import Training


def paper() -> Training:
    """Eight clips a step on eight GPUs of 80 GB, one after the other: all GPUs share the tokens of each.

    With 141 GB a GPU, `--settings.keep-attention` saves operations; see `understudy estimate-training`.
    """
    return Training(
        sizes=sizes.wan_14b(),
        phases=(body(20_000), face(20_000), everything(30_000)),
        loader=LoaderSettings(
            order=OrderSettings(held_out=0.005, linear_tokens=32_000),
            sample=SampleSettings(augment=Augmentation(mirror=0.5)),
        ),
        zero_stage=3,
        sequence_parallel=8,
        grad_accumulation=8,
        keep_attention=False,
    )
