"""Small copies of films for a page: what is looked at, never what is measured."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from jobs.evaluation.films import Pictures
from jobs.evaluation.opened import opened_film
from jobs.evaluation.results import MadeResult
from media.encode import VideoSettings, encode_jpeg, write_video
from media.stills import read_still
from schemas.media import FPS

HEIGHT = 240
"""Of films on a page, px."""
MOST_FRAMES = 240
"""Of a film on a page: ten seconds."""
SMALL = VideoSettings(crf=28, preset="medium", keyframe_every=12)


def film_data(made: MadeResult) -> str:
    """A film, small, as an address that holds it.

    Raises:
        Rejected: it cannot be read.
    """
    pictures = opened_film(made, FPS).pictures()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.mp4"
        write_video(path, chunks(map(shrunk, islice(pictures, MOST_FRAMES))), SMALL)
        return address("video/mp4", path.read_bytes())


def picture_data(path: Path) -> str:
    """A picture, small, as an address that holds it.

    Raises:
        Rejected: it cannot be read.
    """
    return address("image/jpeg", encode_jpeg(shrunk(read_still(path, max_pixels=2**22))))


def shrunk(picture: Pictures) -> Pictures:
    """A picture of the page's height, its sides even."""
    width = max(2, round(picture.shape[1] * HEIGHT / picture.shape[0] / 2) * 2)
    small = Image.fromarray(picture).resize((width, HEIGHT), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(small))


def chunks(pictures: Iterator[Pictures]) -> Iterator[np.ndarray]:
    """Pictures, some at a time."""
    while batch := list(islice(pictures, 24)):
        yield np.stack(batch)


def address(kind: str, data: bytes) -> str:
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
