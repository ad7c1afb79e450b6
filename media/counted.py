"""Streams that do not say when pictures are shown, only when they are decoded: H.264 and HEVC in AVI.

What FFmpeg puts in the place of the times that are missing goes back and forth. There is one picture a
packet, so the pictures, which a decoder gives in the order of showing, take the packets' times one by one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from av.packet import Packet
from av.video.frame import VideoFrame

NO_TIMES = {"avi": ("h264", "hevc")}
"""Codecs whose pictures are not in the order of their packets, by containers that tell no other order."""

ANEW = {"h264": re.compile(b"\x00\x00\x01[\x25\x45\x65]"), "hevc": re.compile(b"\x00\x00\x01[\x26-\x29]")}
"""Start of a slice of a picture before which nothing is remembered (IDR)."""


def is_counted(container: str, codec: str) -> bool:
    """Whether pictures take their packets' times of decoding, by the names of demuxer and codec."""
    return codec in NO_TIMES.get(container, ())


def decoded(packets: Iterable[Packet[Any]]) -> Iterator[VideoFrame]:
    """The pictures of packets, each with the time of a packet: the first of those not yet taken."""
    times: deque[int | None] = deque()
    for packet in packets:
        if packet.size:
            times.append(packet.dts)
        for frame in packet.decode():
            frame.pts = times.popleft() if times else None
            yield frame


def begins_anew(packet: Packet[Any], codec: str) -> bool:
    """Whether no picture that is shown after this packet's leans on one before: counting may begin here."""
    return ANEW[codec].search(bytes(packet)) is not None
