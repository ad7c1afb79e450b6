"""Frames of real clips, as stored: for tests of what looks at pictures."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import numpy as np

from schemas.media import Frames


def clip_frames(path: Path, first: int, num: int, step: int = 1) -> Frames:
    """`num` decoded frames, from `first`, every `step`-th; nothing is turned or put on a clock."""
    with av.open(str(path)) as container:
        decoded = islice(container.decode(video=0), first, first + num * step, step)
        return np.stack([frame.to_ndarray(format="rgb24") for frame in decoded])
