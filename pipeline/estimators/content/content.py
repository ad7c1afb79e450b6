"""What some pictures of a clip show that a data set may not want; each kind is asked for by its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.decode import decode_frames
from pipeline.estimators.content.nudity import NudityScorer
from pipeline.estimators.content.text import TextReader
from schemas.media import Clip
from schemas.outcome import Rejected

RULE = 1
"""Raised where the same pictures would be judged otherwise."""
Meter = Callable[[NDArray[np.uint8]], float]
"""Tells of a picture (h w 3), RGB, a number from 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class ContentSettings:
    """What pictures may show; nothing is asked that has no limit."""

    max_text_share: float | None = None
    """Largest share of a picture that readable text may cover, as subtitles and watermarks do: from
    0.005 on for those of a corner. Needs the extra `text`."""
    min_text_confidence: float = 0.6
    """Text that is read less surely is none."""
    max_nudity_score: float | None = None
    """Largest score of nakedness, 0 to 1. Its makers call more than 0.8 unsafe, less than 0.2 safe;
    dressed people reached 0.78. Needs the extra `nudity`."""
    num_pictures: int = 3
    """Pictures of a clip that are judged, evenly spread."""

    @property
    def is_asked(self) -> bool:
        """Whether any of it has a limit."""
        return self.max_text_share is not None or self.max_nudity_score is not None

    def build(self) -> Content:
        """The networks that are needed, loaded.

        Raises:
            EstimatorUnavailable: an extra is not installed.
        """
        return Content(
            self,
            text=None if self.max_text_share is None else TextReader(self.min_text_confidence),
            nudity=None if self.max_nudity_score is None else NudityScorer(),
        )


class Content:
    """Refuses clips of which one of the judged pictures shows too much."""

    def __init__(self, settings: ContentSettings, *, text: Meter | None, nudity: Meter | None) -> None:
        self.settings, self.text, self.nudity = settings, text, nudity

    def __call__(self, clip: Clip) -> None:
        """Returns where nothing is too much.

        Raises:
            Rejected: "text", "nudity", and as `media.decode.decode`.
        """
        pictures = list(shown_pictures(clip, self.settings.num_pictures))
        if self.text is not None and self.settings.max_text_share is not None:
            share = max(map(self.text, pictures))
            if share > self.settings.max_text_share:
                raise Rejected("text", f"text covers {share:.2%} of a picture")
        if self.nudity is not None and self.settings.max_nudity_score is not None:
            score = max(map(self.nudity, pictures))
            if score > self.settings.max_nudity_score:
                raise Rejected("nudity", f"a picture scores {score:.3f}")


def shown_pictures(clip: Clip, num: int) -> Iterator[NDArray[np.uint8]]:
    """What is shown of `num` frames of a clip (h w 3), each in the middle of as many equal parts of it."""
    frames = [clip.first_frame + clip.num_frames * (2 * part + 1) // (2 * num) for part in range(num)]
    x0, y0, x1, y1 = clip.shown
    for picture in decode_frames(clip.video, frames):
        yield np.ascontiguousarray(picture[y0:y1, x0:x1])
