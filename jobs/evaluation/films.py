"""Films of strangers, picture by picture as their files have them, and what they are encoded with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from media.content import sha256_of_file, state_of
from media.pictures import Painter, all_of
from media.probe import probe
from schemas.media import Probed, Source
from schemas.origin import Origin
from schemas.outcome import Rejected

Pictures = NDArray[np.uint8]
Crop = tuple[int, int]
"""Of so many columns of a grid, which one: (2, 3) is the last of three."""

MAX_PIXELS, MAX_S = 8192 * 2304, 3600.0
"""Larger and longer films are refused before their memory is taken."""
MAX_STRETCH = 0.1
LOSSLESS = {"ffv1", "huffyuv", "ffvhuff", "rawvideo", "utvideo", "png", "magicyuv", "v210", "gif"}
"""Codecs that keep what they are given; all others cost some dB, whatever made the film."""


def facts_of(path: Path) -> Probed:
    """What a file says of its film.

    Raises:
        Rejected: "missing", or there is no film that can be read; says why.
    """
    try:
        state = state_of(path)
        source = Source(
            key="0" * 12,
            uri=str(path.absolute()),
            sha256=sha256_of_file(path, state),
            num_bytes=state.num_bytes,
            origin=Origin(),
        )
        return probe(source, max_pixels=MAX_PIXELS, max_duration_s=MAX_S, max_pixel_stretch=MAX_STRETCH)
    except OSError as error:
        raise Rejected("missing", f"{path}: {error.strerror}") from error


def pictures_of(
    video: Probed, *, start: int = 0, crop: Crop | None = None, size: tuple[int, int] | None = None
) -> Iterator[Pictures]:
    """The film's pictures (h, w, 3), RGB as shown, in order: from one on, a column of a grid, another size.

    Raises:
        Rejected: it cannot be decoded to its end, or cannot be cut into so many columns.
    """
    painter = Painter(video.rotation)
    for number, (_, frame) in enumerate(all_of(video)):
        if number >= start:
            yield fitted(column(painter(frame), crop), size)


def column(picture: Pictures, crop: Crop | None) -> Pictures:
    """One of the equally wide columns of a grid."""
    if crop is None:
        return np.ascontiguousarray(picture)
    place, count = crop
    width = picture.shape[1] // count
    if width * count != picture.shape[1] or not 0 <= place < count:
        raise Rejected("not_comparable", f"{picture.shape[1]} px wide, not {count} columns of one width")
    return np.ascontiguousarray(picture[:, place * width : (place + 1) * width])


def fitted(picture: Pictures, size: tuple[int, int] | None) -> Pictures:
    """A picture of a size (width, height), by Lanczos where it has another."""
    if size is None or picture.shape[1::-1] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def loss_of(video: Probed) -> str:
    """What a lossy codec may have cost, in a few words; empty where it costs nothing."""
    if video.codec in LOSSLESS:
        return ""
    rate = video.source.num_bytes * 8 / video.duration_s / 1e6
    return f"{video.codec} {video.pixel_format}, {rate:.2f} Mbit/s"
