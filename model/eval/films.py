"""Films of strangers, picture by picture as their files have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.content import sha256_of_file, state_of
from media.pictures import Painter, all_of
from media.probe import probe
from schemas.media import Source
from schemas.outcome import Rejected

MAX_PIXELS, MAX_S = 4096 * 2304, 3600.0
"""Larger and longer films are refused before their memory is taken."""
MAX_STRETCH = 0.1


def film(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Every picture (h, w, 3) of a film, RGB as shown, in order.

    Raises:
        ValueError: there is no film that can be read; says why.
    """
    try:
        state = state_of(path)
        source = Source(
            key="0" * 12,
            uri=str(path.absolute()),
            sha256=sha256_of_file(path, state),
            num_bytes=state.num_bytes,
            licence="",
            domain="",
        )
        video = probe(source, max_pixels=MAX_PIXELS, max_duration_s=MAX_S, max_pixel_stretch=MAX_STRETCH)
        painter = Painter(video.rotation)
        for _, frame in all_of(video):
            yield np.ascontiguousarray(painter(frame))
    except OSError as error:
        raise ValueError(f"no film: {error.strerror}") from error
    except Rejected as no:
        raise ValueError(f"{no.reason}: {no.detail}") from no
