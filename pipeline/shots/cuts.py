"""Cuts, by PySceneDetect's detectors, given the pictures of a source one by one."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.media import FPS

CUT_HEIGHT_PX = 180
"""Height of the pictures that are compared."""


class CutFinder:
    """Finds large changes of content, and smaller changes of luma that stand out from those around them.

    `content` is the mean change of hue, saturation and luma, 0..255, that is always a cut; `luma` that of
    luma which is one where it is `ratio` times the mean change around it.
    """

    def __init__(self, *, content: float, luma: float, ratio: float) -> None:
        from scenedetect import FrameTimecode
        from scenedetect.detectors import AdaptiveDetector, ContentDetector

        self.found: set[int] = set()
        self.num_seen = 0
        self.time_of = partial(FrameTimecode, fps=float(FPS))  # it counts pictures, the rate is not used
        self.detectors = (
            ContentDetector(threshold=content, min_scene_len=0),
            AdaptiveDetector(adaptive_threshold=ratio, min_content_val=luma, luma_only=True, min_scene_len=0),
        )

    def __call__(self, picture: NDArray[np.uint8]) -> None:
        """Look at the next picture (h w 3), RGB."""
        height, width = picture.shape[:2]
        scale = min(1.0, CUT_HEIGHT_PX / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        now = self.time_of(self.num_seen)
        for detector in self.detectors:
            self.found |= {cut.frame_num for cut in detector.process_frame(now, small)}
        self.num_seen += 1
