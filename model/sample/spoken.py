"""A drive whose faces follow a speech.

F frames asked for, S samples of the speech, W samples that a frame hears.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.nets.conditions import Speech
from model.nets.speech import heard
from model.sample.segments import Drive, Stretch, ping_pong


@dataclass(frozen=True, kw_only=True)
class SpokenDrive:
    """Heads and bodies of another drive, which goes back and forth while the speech lasts."""

    drive: Drive
    frames: int
    """Of that drive."""
    sound: NDArray[np.int16]
    """The whole speech (S,), 16 kHz; it may lie on a disk."""
    mouth_only: bool
    """Eyes and emotion stay those of the drive's faces."""

    def __call__(self, numbers: NDArray[np.int64]) -> Stretch:
        """What drives these frames: each hears its own second of the speech, whatever else is asked for."""
        stretch = self.drive(ping_pong(numbers, self.frames))
        sounds_1FW = heard(torch.from_numpy(self.sound)[None], torch.from_numpy(numbers)).float() / 2**15
        return stretch._replace(speech=Speech(sounds_1FW, self.mouth_only))
