"""Bad files, one row each: a recorded reject with a fixed reason, within seconds. No crash, no silence."""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.core import Step, Tally, apply
from pipeline.shots.scan import SplitSettings
from pipeline.stages.corpus import Corpus, list_corpus
from pipeline.stages.probe import Probe, ProbeSettings
from pipeline.stages.screen import Screen, ScreenSettings
from pipeline.stages.split import Split
from schemas.media import Clip, Listed, Probed, Source
from schemas.outcome import Reject
from tests.films import X264, ffmpeg, film, numbered, street

STEPS: tuple[Step[Any, Any], ...] = (
    Step(name="corpus", make=Corpus, takes=Listed, gives=Source),
    Step(name="probe", make=partial(Probe, ProbeSettings()), takes=Source, gives=Probed),
    Step(name="split", make=partial(Split, SplitSettings()), takes=Probed, gives=Clip),
    Step(name="screen", make=partial(Screen, ScreenSettings(), 100), takes=Clip, gives=Clip),
)
MOST_S = 20.0
"""Far more than any of them needs; a hang would be longer."""


def walk_in(items: Iterable[Listed]) -> list[Clip | Reject]:
    """What becomes of the items in the first four steps; every one is accounted for."""
    outcomes: list[Any] = list(items)
    for step in STEPS:
        tally = Tally(step=step.name)
        offered = sum(1 for outcome in outcomes if not isinstance(outcome, Reject))
        outcomes = list(apply(step, step.make(), outcomes, tally, time.monotonic))
        assert tally.offered == offered == tally.kept + tally.rejected
    return outcomes


def plain(path: Path, *args: object) -> Path:
    """A good file, 50 pictures of a street."""
    return film(path, street(50), *(args or X264))


def cut(path: Path, share: float, *args: object) -> None:
    """A good file of which a share is left."""
    data = plain(path, *args).read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def one_byte(path: Path) -> None:
    path.write_bytes(b"\0")


def text(path: Path) -> None:
    path.write_text("This is no video.\n" * 500)


def noise(path: Path) -> None:
    path.write_bytes(zlib.compress(bytes(range(256)) * 4000) * 60)


def photo(path: Path) -> None:
    film(path.with_suffix(".png"), numbered(1), "-frames:v", "1")
    path.with_suffix(".png").rename(path)


def sound_only(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac", path)


def song(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2", "-f", "wav", path)


def one_picture(path: Path) -> None:
    film(path, numbered(1))


def short(path: Path) -> None:
    film(path, numbered(12))


def holes(path: Path) -> None:
    data = bytearray(plain(path).read_bytes())
    for at in range(len(data) // 4, len(data) // 2, 997):
        data[at] ^= 0xFF
    path.write_bytes(data)


def huge_avi(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:r=5:d=1", "-c:v", "rawvideo", "-pix_fmt", "bgr24", path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<ii", data, data.find(b"strf") + 12, 30_000, 30_000)
    path.write_bytes(data)


def huge_png(path: Path) -> None:
    """The container says 160 pixels, every picture says 60 000."""
    data = bytearray(film(path, numbered(4), "-c:v", "png").read_bytes())
    at = data.find(b"IHDR")
    while at >= 0:
        struct.pack_into(">II", data, at + 4, 60_000, 60_000)
        struct.pack_into(">I", data, at + 17, zlib.crc32(data[at : at + 17]))
        at = data.find(b"IHDR", at + 4)
    path.write_bytes(data)


def endless(path: Path) -> None:
    """A header that says a picture lasts for years."""
    film(path, numbered(3), "-vf", "settb=1,setpts=N*400000000", "-fps_mode", "passthrough", *X264)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("gone.mp4"))


def pipe(path: Path) -> None:
    os.mkfifo(path)


def playlist(path: Path) -> None:
    plain(path.with_name("other.bin"), *X264, "-f", "mp4")
    path.write_text("ffconcat version 1.0\nfile 'other.bin'\n")


FASTSTART = (*X264, "-movflags", "+faststart")
FRAGMENTS = (*X264, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "10")

BAD: dict[str, tuple[str, Callable[[Path], object], str, str]] = {
    "empty file": ("a.mp4", empty, "corpus", "empty"),
    "pipe": ("a.mp4", pipe, "corpus", "not_a_file"),
    "link to itself": ("a.mp4", link_to_itself, "corpus", "not_a_file"),
    "link to nothing": ("a.mp4", link_to_nothing, "corpus", "missing"),
    "one byte": ("a.mp4", one_byte, "probe", "invalid_data"),
    "text": ("a.mp4", text, "probe", "invalid_data"),
    "noise": ("a.mkv", noise, "probe", "invalid_data"),
    "photograph": ("a.mp4", photo, "probe", "unsupported_container"),
    "playlist": ("a.mp4", playlist, "probe", "unsupported_container"),
    "sound without picture": ("a.mp4", sound_only, "probe", "no_video"),
    "sound file": ("a.mp4", song, "probe", "unsupported_container"),
    "one picture": ("a.mp4", one_picture, "probe", "too_few_frames"),
    "half a second": ("a.mp4", short, "screen", "too_short"),
    "absurd size in the header": ("a.avi", huge_avi, "probe", "too_large"),
    "absurd size in the pictures": ("a.mov", huge_png, "probe", "undecodable"),
    "absurd duration": ("a.mkv", endless, "probe", "too_long"),
    "damaged in the middle": ("a.mp4", holes, "split", "undecodable"),
    "mp4, 1 % of it": ("a.mp4", partial(cut, share=0.01), "probe", "invalid_data"),
    "mp4, half of it": ("a.mp4", partial(cut, share=0.5), "probe", "invalid_data"),
    "mp4, 99 % of it": ("a.mp4", partial(cut, share=0.99), "probe", "invalid_data"),
}
"""Name of the file, how it is made, and which step rejects it for which reason."""

CUT: dict[str, tuple[str, float, tuple[str, ...], str, str]] = {
    "index first, cut in it": ("a.mp4", 0.001, FASTSTART, "probe", "invalid_data"),
    "index first, 20 % of it": ("a.mp4", 0.2, FASTSTART, "probe", "truncated"),
    "index first, 90 % of it": ("a.mp4", 0.9, FASTSTART, "probe", "truncated"),
    "index first, 99.9 % of it": ("a.mp4", 0.999, FASTSTART, "probe", "truncated"),
    "mp4 in pieces": ("a.mp4", 0.55, FRAGMENTS, "probe", "truncated"),
    "mkv": ("a.mkv", 0.5, X264, "probe", "truncated"),
    "gif": ("a.gif", 0.5, ("-r", "25"), "probe", "truncated"),
    "flv": ("a.flv", 0.5, ("-c:v", "flv1", "-q:v", "3"), "probe", "truncated"),
    "avi": ("a.avi", 0.5, ("-c:v", "mpeg4", "-q:v", "3"), "probe", "damaged"),
    "wmv": ("a.wmv", 0.5, ("-c:v", "wmv2", "-q:v", "3"), "split", "undecodable"),
    "mpg": ("a.mpg", 0.5, ("-c:v", "mpeg2video", "-q:v", "3"), "split", "undecodable"),
}
"""Of a good file: its name, the share of it that is left, its codec, and which step rejects it for what."""


def refuse(folder: Path, step: str, reason: str) -> None:
    began = time.monotonic()
    (no,) = walk_in(list_corpus(folder))
    assert isinstance(no, Reject), "kept"
    assert (no.step, no.reason) == (step, reason), no.detail
    assert no.detail
    assert no.uri
    assert time.monotonic() - began < MOST_S


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_a_recorded_reject(tmp_path: Path, case: str) -> None:
    name, make, step, reason = BAD[case]
    make(tmp_path / name)
    refuse(tmp_path, step, reason)


@pytest.mark.parametrize("case", CUT)
def test_a_file_that_was_cut_off_is_a_recorded_reject(tmp_path: Path, case: str) -> None:
    name, share, codec, step, reason = CUT[case]
    cut(tmp_path / name, share, *codec)
    refuse(tmp_path, step, reason)


def test_a_good_file_beside_bad_ones_is_kept(tmp_path: Path) -> None:
    plain(tmp_path / "good.mp4")
    text(tmp_path / "bad.mp4")
    (tmp_path / "up").symlink_to(tmp_path)
    kept = [outcome for outcome in walk_in(list_corpus(tmp_path)) if isinstance(outcome, Clip)]
    assert [clip.video.uri for clip in kept] == [str(tmp_path / "good.mp4")]


def test_a_manifest_row_whose_file_is_missing(tmp_path: Path) -> None:
    plain(tmp_path / "good.mp4")
    (tmp_path / "list.csv").write_text(
        "uri,licence\ngood.mp4,cc0\ngone.mp4,cc0\nhttps://example.org/a.mp4,cc0\n"
    )
    outcomes = walk_in(list_corpus(tmp_path / "list.csv"))
    rejects = sorted((no.reason, no.uri) for no in outcomes if isinstance(no, Reject))
    assert rejects == [
        ("missing", str(tmp_path / "gone.mp4")),
        ("unsupported_uri", "https://example.org/a.mp4"),
    ]
    assert len(outcomes) == 3
