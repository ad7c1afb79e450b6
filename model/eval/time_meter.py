"""What a film does over time: colour, sharpness, change and motion, frame by frame; no truth is needed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.eval.stream import Pictures, Readings

FLOW_PX = 256
"""Height of the pictures in which motion is measured."""
FASTEST = 0.05
"""Motion is that of this share of the pixels, the fastest ones: a talking head moves little else (VBench)."""


class TimeMeter:
    """`colour` (mean of RGB, 0..255), `sharpness` (variance of the Laplacian of luma), `change` and `motion`.

    `change` is the mean absolute difference to the frame before, 0..255, `motion` the length of the fastest
    5 % of Farneback's optical flow since then, % of the picture's height: both NaN at the first frame.
    """

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {
            name: [] for name in ("colour", "sharpness", "change", "motion")
        }
        self.last: Pictures | None = None

    def see(self, made: Pictures, _: Pictures | None) -> None:
        """Frames in order."""
        for frame in made:
            luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            found = {
                "colour": float(frame.mean()),
                "sharpness": float(cv2.Laplacian(luma, cv2.CV_64F).var()),
                "change": np.nan if self.last is None else change(self.last, frame),
                "motion": np.nan if self.last is None else motion(self.last, frame),
            }
            for name, value in found.items():
                self.values[name].append(value)
            self.last = frame

    def tell(self) -> Readings:
        """Values of each frame."""
        return Readings(frames={name: np.array(values) for name, values in self.values.items()})


def change(before: Pictures, frame: Pictures) -> float:
    """Mean absolute difference of two frames (h, w, 3), 0..255."""
    return float(cv2.absdiff(before, frame).mean())


def motion(before: Pictures, frame: Pictures) -> float:
    """Mean length of the fastest flow between two frames, % of their height; 0 of equal frames."""
    if np.array_equal(before, frame):
        return 0.0
    flow = cv2.calcOpticalFlowFarneback(small(before), small(frame), None, 0.5, 3, 15, 3, 5, 1.1, 0)
    lengths: NDArray[np.floating] = np.sort(np.hypot(flow[..., 0], flow[..., 1]), axis=None)
    return float(lengths[-max(1, int(FASTEST * lengths.size)) :].mean() / FLOW_PX * 100)


def small(frame: Pictures) -> Pictures:
    """Luma of a frame, 256 px high."""
    width = max(16, round(frame.shape[1] * FLOW_PX / frame.shape[0]))
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(luma, (width, FLOW_PX), interpolation=cv2.INTER_AREA))
