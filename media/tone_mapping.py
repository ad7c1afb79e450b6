"""HDR and BT.2020 pictures in the colours of BT.709: by FFmpeg's own mapping, taken once as a table.

swscale finds each colour of its table by a search, seconds for every reader of every clip; and on the way
from the table to 8 bits it goes to Y'CbCr by one matrix and back by another. So the table is read off in 16
bits, once a process for each kind of colours, and applied by FFmpeg's filter for such tables.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc, VideoReformatter
from numpy.typing import NDArray

HDR = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
PLANES, PACKED = "gbrp16le", "rgba64le"
SIDE = 65
"""Colours along an edge of swscale's table: read off there, ours is the same."""
LUMINANCE = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL")
"""What a file says of its brightness, on which the mapping depends."""
CHANGING = "DYNAMIC_HDR_PLUS"
"""What a picture says of its own brightness (HDR10+): no table serves two of them."""
KEPT = 4
"""Tables that a process keeps, 7 MB each."""


class Colours(NamedTuple):
    """What a table depends on."""

    transfer: int
    primaries: int
    luminance: tuple[bytes, ...]


TABLES: dict[Colours, bytes] = {}
"""The tables of this process, as the text of a .cube file."""


def is_wide(colours: VideoFrame | VideoCodecContext) -> bool:
    """Whether colours reach beyond those of BT.709: HDR or BT.2020."""
    return colours.color_trc in HDR or colours.color_primaries == ColorPrimaries.BT2020


def has_alpha(frame: VideoFrame) -> bool:
    """Whether a picture has transparency."""
    return any(component.is_alpha for component in frame.format.components)


class ToneMapper:
    """Turns pictures of wide colours into RGB of BT.709, all of one size."""

    def __init__(self) -> None:
        self.reformatter = VideoReformatter()
        self.colours: Colours | None = None

    def __call__(self, frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
        """The picture (height, width, 3), or 4 with transparency, scaled before its colours are mapped."""
        facts = {data.type.name: bytes(data) for data in cast("Any", frame.side_data)}
        alpha = has_alpha(frame)
        if alpha or CHANGING in facts:
            whole = mapped(self.reformatter.reformat(frame, width, height, PACKED, threads=1))
            return eight_bits(whole if alpha else whole[:, :, :3])
        luminance = tuple(facts.get(name, b"") for name in LUMINANCE)
        colours = Colours(frame.color_trc, frame.color_primaries, luminance)
        if colours != self.colours:
            self.colours, self.graph = colours, graph_of(table_of(colours, frame), width, height)
        self.graph.vpush(self.reformatter.reformat(frame, width, height, PLANES, threads=1))
        return of_planes(self.graph.vpull())


def table_of(colours: Colours, frame: VideoFrame) -> bytes:
    """The table of these colours, by any picture that has them."""
    if colours not in TABLES:
        if len(TABLES) == KEPT:
            TABLES.pop(next(iter(TABLES)))
        TABLES[colours] = as_cube(read_table(frame))
    return TABLES[colours]


def read_table(frame: VideoFrame) -> NDArray[np.uint16]:
    """What RGB of BT.709 (blue, green, red, 3) stands for each colour of the frame's kind, evenly spaced."""
    lattice = VideoReformatter().reformat(frame, SIDE * SIDE, SIDE, PACKED, threads=1)
    levels = np.round(np.linspace(0, 65535, SIDE)).astype(np.uint16)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    colours = np.stack([red, green, blue, np.full_like(red, 65535)], axis=-1)
    plane = lattice.planes[0]
    rows = np.zeros((SIDE, plane.line_size // 2), np.uint16)
    rows[:, : 4 * SIDE * SIDE] = colours.reshape(SIDE, -1)
    plane.update(rows.tobytes())
    return mapped(lattice)[:, :, :3].reshape(SIDE, SIDE, SIDE, 3)


def mapped(picture: VideoFrame) -> NDArray[np.uint16]:
    """A packed picture (h, w, 4) of wide colours in those of BT.709, by swscale."""
    picture.color_range = ColorRange.JPEG  # it was read as RGB, but keeps the mark of what it was read from
    narrow = VideoReformatter().reformat(
        picture,
        format=PACKED,
        dst_color_trc=ColorTrc.BT709,
        dst_color_primaries=ColorPrimaries.BT709,
        threads=1,
    )
    rows = np.frombuffer(memoryview(narrow.planes[0]), np.uint16).reshape(narrow.height, -1)
    return rows[:, : 4 * narrow.width].reshape(narrow.height, narrow.width, 4)


def as_cube(table: NDArray[np.uint16]) -> bytes:
    """A table as a .cube file: red moves fastest."""
    rows = (table.reshape(-1, 3) / 65535).tolist()
    lines = (f"{red:.6f} {green:.6f} {blue:.6f}\n" for red, green, blue in rows)
    return f"LUT_3D_SIZE {SIDE}\n{''.join(lines)}".encode()


def graph_of(cube: bytes, width: int, height: int) -> Graph:
    """FFmpeg's filter for a table, for planar pictures of one size; it reads the table at once."""
    graph = Graph()
    graph.threads = 1
    with tempfile.NamedTemporaryFile(suffix=".cube") as file:
        file.write(cube)
        file.flush()
        source = graph.add_buffer(
            width=width, height=height, format=VideoFormat(PLANES), time_base=Fraction(1, 1000)
        )
        graph.link_nodes(
            source, graph.add("lut3d", file=file.name, interp="tetrahedral"), graph.add("buffersink")
        )
        graph.configure()
    return graph


def of_planes(picture: VideoFrame) -> NDArray[np.uint8]:
    """A planar picture of 16 bits as pixels (h, w, 3) of 8."""
    green, blue, red = (
        np.frombuffer(memoryview(plane), np.uint16).reshape(picture.height, -1)[:, : picture.width]
        for plane in picture.planes
    )
    return np.asarray(cv2.merge([eight_bits(plane) for plane in (red, green, blue)]), np.uint8)


def eight_bits(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Values of 16 bits, rounded to 8."""
    return np.asarray(cv2.convertScaleAbs(values, alpha=1 / 257), np.uint8)
