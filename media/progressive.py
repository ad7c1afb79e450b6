"""Interlaced pictures made progressive: of each the first field stays, the other's lines are made anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import VideoFrame

BWDIF = "mode=send_frame:parity=auto:deint=interlaced"
"""One picture for each; those that are not marked as interlaced stay as they are."""

Timed = tuple[Fraction, VideoFrame]


def progressive(pictures: Iterator[Timed]) -> Iterator[Timed]:
    """The pictures and their times, by FFmpeg's bwdif: each depends on those before and after it."""
    graph: Graph | None = None
    times: deque[Fraction] = deque()
    for begin_s, frame in pictures:
        graph = graph or bwdif(frame)
        times.append(begin_s)
        graph.push(frame)
        yield from finished(graph, times)
    if graph is not None:
        graph.push(None)
        yield from finished(graph, times)


def bwdif(frame: VideoFrame) -> Graph:
    """A filter for pictures like this one."""
    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    filters = [source, graph.add("bwdif", BWDIF), graph.add("buffersink")]
    graph.link_nodes(*filters).configure()
    return graph


def finished(graph: Graph, times: deque[Fraction]) -> Iterator[Timed]:
    """The pictures that are ready, each with the first of the times not yet taken."""
    while True:
        try:
            picture = graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield times.popleft(), picture
