"""Segments that follow one another in the same colours (method.md 9).

F frames of a segment, H, W height and width in px; RGB, -1..1.
"""

from __future__ import annotations

import torch
from torch import Tensor

NOTICED = 2 * 2 / 255
"""Difference of a mean or a spread, of values -1..1, from which on colours are matched: 2 of 255."""
GAINS = (0.5, 2.0)
"""Least and greatest factor of a channel: a frame of one colour has no spread to be matched by."""


def matched(video_F3HW: Tensor, last_3HW: Tensor) -> Tensor:
    """The segment, float32: its first frame gets the mean and spread of each channel of the last before it.

    The other frames get the factor and the shift of the first. Differences that nobody sees stay.
    """
    video_F3HW = video_F3HW.float()
    (mean, spread), (old_mean, old_spread) = colours(video_F3HW[0]), colours(last_3HW)
    if torch.stack([mean - old_mean, spread - old_spread]).abs().max() <= NOTICED:
        return video_F3HW
    gain = (old_spread / spread.clamp(min=NOTICED)).clamp(*GAINS)
    return (video_F3HW - mean) * gain + old_mean


def colours(frame_3HW: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread (3, 1, 1) of each channel as it is shown."""
    shown = frame_3HW.float().clamp(-1, 1)
    spread, mean = torch.std_mean(shown, dim=(1, 2), keepdim=True, correction=0)
    return mean, spread
