"""What stages take of memory, as far as it follows from their settings: bytes, from above.

Measured beside it: `benchmarks/MEMORY.md`.
"""

from __future__ import annotations

MIB = 2**20
PICTURES = 20
"""Pictures that a decoder keeps: H.264 and HEVC refer to 16, and some are on their way."""
DECODED = 3
"""Bytes of a pixel in a decoder: 4:2:0 of up to 16 bits."""
SHOWN = 3
"""Bytes of a pixel as RGB."""
NETWORKS = 640 * MIB
"""What all estimators take with their weights."""
CONTENT = 512 * MIB
"""What the networks take that see text and nakedness, with their libraries."""
TRANSITIONS = 1024 * MIB
"""What the network takes that sees transitions, with its library: 936 MiB measured."""
ENCODER = 60
"""Pictures of a canvas that x264 keeps where it looks ahead as far as ours do, 1.5 bytes a pixel."""
LIST = 64 * MIB
"""Rows of a lap, chunks that are hashed, and what the libraries keep."""


def decoding(source_pixels: int, window_frames: int = 2) -> int:
    """A decoder of pictures of so many pixels, and a window of frames as shown."""
    return source_pixels * (PICTURES * DECODED + window_frames * SHOWN) + LIST


def estimating(source_pixels: int, window_mib: int) -> int:
    """A decoder, three windows of at most so many MiB as shown (`media.ahead`), and the networks."""
    return decoding(source_pixels) + 3 * window_mib * MIB + NETWORKS


def judging(source_pixels: int, num_pictures: int) -> int:
    """A decoder, some pictures as shown and as they are cut, and the networks that see what they show."""
    return decoding(source_pixels, 2 * num_pictures) + CONTENT


def splitting(source_pixels: int) -> int:
    """A decoder, and the network that sees transitions."""
    return decoding(source_pixels) + TRANSITIONS


def storing(source_pixels: int, window_frames: int, canvas_pixels: int, sample_bytes: int) -> int:
    """A decoder, frames on the canvas, their encoder, and the finished members of a sample twice."""
    canvas = canvas_pixels * (window_frames * SHOWN + ENCODER * DECODED // 2)
    return decoding(source_pixels, window_frames) + canvas + 2 * sample_bytes
