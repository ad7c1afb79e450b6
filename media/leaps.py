"""Clocks that leap: of broadcasts that were joined each part tells its own time.

The time of each goes on where the one before ended, as in FFmpeg's own programs. Only in these containers do
clocks begin anew; in all others a leap forward is a picture that stays, and one back is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from av.packet import Packet

LEAPING = ("mpegts", "mpeg")
"""Demuxers of containers whose clock may begin anew on the way."""
FORWARD_S = 10
"""Packets whose times go on by more are of another part, as FFmpeg's `dts_delta_threshold` has it."""
BACK_S = Fraction(1, 2)
"""Likewise those whose times go back by more."""


class Leaps:
    """By how many ticks the packets of one stream are to be moved, one after the other as they are stored."""

    def __init__(self, tick_s: Fraction) -> None:
        self.forward, self.back = FORWARD_S / tick_s, BACK_S / tick_s
        self.shift = 0
        self.count = 0
        self._end: int | None = None

    def __call__(self, packet: Packet[Any]) -> int:
        """The ticks to be added to a packet's times."""
        if packet.dts is not None:
            step = 0 if self._end is None else packet.dts + self.shift - self._end
            if not -self.back <= step <= self.forward:
                self.shift -= step
                self.count += 1
            self._end = packet.dts + self.shift + (packet.duration or 0)
        return self.shift


def continued(packets: Iterable[Packet[Any]], tick_s: Fraction) -> Iterator[Packet[Any]]:
    """The packets of one stream, from its first on, with times that go on over leaps."""
    leaps = Leaps(tick_s)
    for packet in packets:
        shift = leaps(packet)
        if packet.dts is not None:
            packet.dts += shift
        if packet.pts is not None:
            packet.pts += shift
        yield packet
