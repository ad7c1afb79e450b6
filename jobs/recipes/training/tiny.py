"""Every room of the house in minutes, on a processor."""

from __future__ import annotations

from model.data.augment import Augmentation
from model.data.epoch_order import OrderSettings
from model.data.groups import AS_IT_IS
from model.data.settings import LoaderSettings, SampleSettings
from model.data.windows import WindowRule
from model.nets import sizes
from model.sample.solve import SamplerSettings
from model.train.engines.optimizer import OptimizerSettings
from model.train.phases import body, everything, face
from model.train.settings import Training
from model.train.validation import ValidationSettings

FEW_CLIPS = Augmentation(mirror=0.5, face=0.5)
"""Or they are learned by heart."""


AREA = 24_576
"""Px: 192x128; larger canvases are shrunk to it."""


def tiny() -> Training:
    """A million weights on windows of a second, of any data set, on canvases of some 100 px."""
    return Training(
        sizes=sizes.tiny(),
        phases=(body(500), face(300), everything(400)),
        optimizer=OptimizerSettings(lr=1e-3, motion_share=0.01, warmup_steps=20, ema_decay=0.98),
        loader=LoaderSettings(
            order=OrderSettings(
                groups=AS_IT_IS, area=AREA, window=WindowRule(max_frames=25), max_tokens=1728, held_out=0.2
            ),
            sample=SampleSettings(augment=FEW_CLIPS),
            workers=1,
        ),
        dtype="float32",
        zero_stage=None,
        activation_checkpointing=False,
        timestep_shift=5.0,
        head_weight=5.0,
        validation=ValidationSettings(every=100, clips=8, times=2, sampler=SamplerSettings(steps=8)),
        save_every=100,
    )
