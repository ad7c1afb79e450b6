"""Wide colours come as swscale's own mapping in 16 bits has them, by a table that is made once."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from media import tone_mapping
from media.pictures import Painter
from media.tone_mapping import KEPT, PACKED, SIDE, TABLES, as_cube, graph_of, mapped, of_planes
from schemas.media import Frames
from tests.films import film

HLG = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67:range=tv"
PQ = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084:range=tv"
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-vf", f"format=yuv420p10le,{PQ}")
MASTERED = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L({peak}0000,50):log-level=none"
)


def patches() -> Frames:
    """Two pictures of 16 x 16 flat patches of random colours."""
    colours = np.random.default_rng(3).integers(0, 256, (1, 16, 16, 3), np.uint8)
    return colours.repeat(16, axis=1).repeat(16, axis=2).repeat(2, axis=0)


def first_frame(path: Path) -> VideoFrame:
    with av.open(str(path)) as container:
        frame: VideoFrame = next(container.decode(video=0))
        return frame


def identity() -> NDArray[np.uint16]:
    levels = np.round(np.linspace(0, 65535, SIDE)).astype(np.uint16)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    return np.stack([red, green, blue], axis=-1)


def test_colours_are_those_of_swscale_in_16_bits(tmp_path: Path) -> None:
    how = ("-c:v", "libx264", "-crf", "4", "-vf", f"format=yuv420p10le,{HLG}")
    frame = first_frame(film(tmp_path / "a.mp4", patches(), *how))
    found = Painter()(frame)[8::16, 8::16].astype(int)
    right = mapped(VideoReformatter().reformat(frame, format=PACKED, threads=1))[8::16, 8::16, :3]
    assert np.abs(found - right / 257).max() <= 1
    assert np.abs(found - patches()[0, 8::16, 8::16]).max() > 60  # and they are not those that are stored


def test_a_table_is_made_once_for_all_clips_of_its_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[VideoFrame] = []

    def read_table(frame: VideoFrame) -> NDArray[np.uint16]:
        made.append(frame)
        return identity()

    monkeypatch.setattr(tone_mapping, "read_table", read_table)
    monkeypatch.setattr(tone_mapping, "TABLES", {})
    for name, peak in (("a", 1000), ("b", 4000), ("c", 1000)):
        mastered = ("-x265-params", MASTERED.format(peak=peak))
        frame = first_frame(film(tmp_path / f"{name}.mp4", patches(), *X265, *mastered))
        for scale in (1.0, 0.5):
            Painter(0, scale)(frame)
    assert len(made) == 2  # what the file says of its brightness counts
    assert len(tone_mapping.TABLES) == 2
    assert len(TABLES) <= KEPT


def test_a_table_that_changes_nothing_changes_nothing() -> None:
    pixels = np.random.default_rng(5).integers(0, 65536, (36, 50, 3), np.uint16)
    frame = VideoFrame.from_ndarray(pixels, format="gbrp16le")
    graph = graph_of(as_cube(identity()), 50, 36)
    graph.vpush(frame)
    assert np.abs(of_planes(graph.vpull()).astype(int) - pixels / 257).max() <= 0.51
