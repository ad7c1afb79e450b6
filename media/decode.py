"""Frames of a video on the 24 fps clock, as shown, RGB."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from media.clock import num_ticks
from media.facts import MAX_PIXELS
from media.opening import open_media
from media.pictures import Painter, shown
from schemas.media import FPS, Frames, Probed

FAR = 2 * FPS
"""Single frames further apart than this are sought, nearer ones are read through."""


def decode(video: Probed, first_frame: int, num_frames: int, *, window: int) -> Iterator[Frames]:
    """Frames `first_frame` to `first_frame + num_frames`, exclusive, in windows of `window` or fewer.

    A window is a new array (t h w 3) at the probed size. The stretch is decoded, and what lies between it and
    the key picture before it. Memory does not grow with the length of the video.

    Raises:
        ValueError: the stretch leaves the video.
        Rejected: as `media.pictures.pictures`.
    """
    stop = first_frame + num_frames
    refuse_outside(video, first_frame, stop - 1)
    frames = rgb(video, first_frame, stop)
    for begin in range(first_frame, stop, window):
        block = np.empty((min(window, stop - begin), video.height, video.width, 3), np.uint8)
        for row in block:
            row[...] = next(frames)
        yield block


def decode_frames(video: Probed, indices: Sequence[int]) -> Frames:
    """Single frames (t h w 3) of the 24 fps clock in the order of `indices`, which may repeat.

    Raises:
        ValueError: an index leaves the video.
        Rejected: as `decode`.
    """
    wanted = sorted(set(indices))
    refuse_outside(video, wanted[0], wanted[-1])
    block = np.empty((len(indices), video.height, video.width, 3), np.uint8)
    painter = Painter(video.rotation)
    for run in near_runs(wanted):
        for tick, frame in enumerate(shown(video, run[0], run[-1] + 1), start=run[0]):
            if tick in run:
                block[[place for place, index in enumerate(indices) if index == tick]] = painter(frame)
    return block


def decode_bytes(data: bytes, only: Collection[int] | None = None) -> Frames:
    """All frames (t h w 3) of a video member, an mp4 of ours in memory, or `only` some, by their numbers.

    All of them are decoded; what is left out is not turned into RGB.

    Raises:
        av.FFmpegError, media.tables.TablesError: it is damaged.
    """
    painter = Painter()
    with open_media(io.BytesIO(data), ["mov"], max_pixels=MAX_PIXELS) as container:
        frames = enumerate(container.decode(video=0))
        return np.stack([painter(frame) for number, frame in frames if only is None or number in only])


def refuse_outside(video: Probed, first: int, last: int) -> None:
    """Raise ValueError where frames `first` to `last` of the clock are not all in the video."""
    num = num_ticks(video.duration_s)
    if not 0 <= first <= last < num:
        raise ValueError(f"frames {first} to {last} were asked for, the video has 0 to {num - 1}")


def near_runs(indices: Sequence[int]) -> list[list[int]]:
    """Increasing indices in runs without a gap of more than `FAR`."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index - runs[-1][-1] <= FAR:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def rgb(video: Probed, first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
    """Frames `first` to `stop`, exclusive, one by one, in memory that is not to be kept."""
    painter = Painter(video.rotation)
    last: VideoFrame | None = None
    picture: NDArray[np.uint8]
    for frame in shown(video, first, stop):
        if frame is not last:
            last, picture = frame, painter(frame)
        yield picture
