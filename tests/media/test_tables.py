"""Few bytes that promise many packets are refused before anything is made of them; honest files pass."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest

from media.opening import open_media
from media.probe import MAX_RATE
from media.tables import MAX_ENTRIES, TablesError, entries, refuse_tables
from pipeline.stages.probe import ProbeSettings
from tests.films import X264, ffmpeg, film, numbered, probed
from tests.mp4 import box, with_box
from tests.rejected import reason_of

INSIDE = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf")


def full(kind: bytes, *numbers: int) -> bytes:
    """A box whose body is a version, flags and numbers of four bytes."""
    return box(kind, struct.pack(f">{1 + len(numbers)}I", 0, *numbers))


def handler(kind: bytes) -> bytes:
    return box(b"hdlr", bytes(8), kind, bytes(13))


def promised(*parts: bytes) -> int:
    data = b"".join(parts)
    return entries(io.BytesIO(data), 0, len(data))


def track(*parts: bytes, kind: bytes = b"vide") -> bytes:
    return box(b"trak", box(b"mdia", handler(kind), box(b"minf", box(b"stbl", *parts))))


BOMBS = {
    "sample sizes": box(b"moov", track(full(b"stsz", 1, 9_000_000))),
    "compact sizes": box(b"moov", track(full(b"stz2", 8, 9_000_000))),
    "of two tracks": box(b"moov", track(full(b"stsz", 1, 4_500_000)), track(full(b"stsz", 1, 4_500_000))),
    "fragment": box(b"moof", box(b"traf", full(b"trun", 5_000_000), full(b"trun", 4_000_000))),
    "edits": box(
        b"moov",
        box(
            b"trak",
            box(b"edts", full(b"elst", 3000, *[1] * 9000)),
            box(b"mdia", box(b"minf", box(b"stbl", full(b"stsz", 1, 3000)))),
        ),
    ),
    "groups": box(b"moov", track(full(b"stsz", 1, 10), full(b"sbgp", 1, 2, 4_500_000, 1, 4_500_000, 1))),
    "in the description of a codec": box(
        b"moov", track(box(b"stsd", bytes(70), full(b"stsz", 1, 9_000_000)))
    ),
    "in a hoov": box(b"hoov", track(full(b"stsz", 1, 9_000_000))),
    "in a free": box(b"free", full(b"mvhd", 0), track(full(b"stsz", 1, 9_000_000))),
    "after a meta": box(
        b"moov", box(b"meta", bytes(4), handler(b"mdir"), track(full(b"stsz", 1, 9_000_000)))
    ),
    "packed": box(
        b"moov",
        box(
            b"cmov",
            box(b"dcom", b"zlib"),
            box(b"cmvd", bytes(4), zlib.compress(box(b"moov", track(full(b"stsz", 1, 9_000_000))))),
        ),
    ),
    "in a box to the end": struct.pack(">I4s", 0, b"moov") + track(full(b"stsz", 1, 9_000_000)),
    "in a box of a long size": struct.pack(">I4sQ", 1, b"moov", 2**40) + track(full(b"stsz", 1, 9_000_000)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_counted_and_refused(name: str) -> None:
    assert promised(BOMBS[name]) == 9_000_000
    with pytest.raises(TablesError, match=r"promise 9000000 packets in \d+ bytes"):
        refuse_tables(io.BytesIO(BOMBS[name]))
    with pytest.raises(TablesError):
        open_media(io.BytesIO(BOMBS[name]), ["mov"], max_pixels=1000)


def test_sound_in_ticks_is_read_by_the_packet() -> None:
    ticks, longer = full(b"stts", 1, 48_000 * 3600, 1), full(b"stts", 1, 48_000 * 3600, 2)
    hour = full(b"stsz", 1, 48_000 * 3600)
    assert promised(box(b"moov", track(hour, ticks, kind=b"soun"))) == 300 * 3600
    assert promised(box(b"moov", track(hour, longer, kind=b"soun"))) == 48_000 * 3600
    assert promised(box(b"moov", track(hour, ticks))) == 48_000 * 3600


def test_no_more_than_twelve_hours_even_of_a_large_file() -> None:
    class Large(io.BytesIO):
        def seek(self, at: int, whence: int = 0) -> int:
            return 2**40 if whence == 2 else super().seek(at, whence)

    refuse_tables(Large(box(b"moov", track(full(b"stsz", 1, MAX_ENTRIES)))))
    with pytest.raises(TablesError):
        refuse_tables(Large(box(b"moov", track(full(b"stsz", 1, MAX_ENTRIES + 1)))))


def test_boxes_nested_without_end_are_left_to_ffmpeg() -> None:
    nested = b"".join(struct.pack(">I4s", 80_000 - 8 * depth, b"moov") for depth in range(10_000))
    assert promised(nested) == 0
    packed = box(b"moov", box(b"cmov", box(b"cmvd", bytes(4), zlib.compress(bytes(2**27)))))
    with pytest.raises(TablesError, match="unpacked"):
        promised(packed)


@pytest.mark.parametrize("name", ["a.mp4", "fragments.mp4", "a.mov", "pcm.mov"])
def test_honest_files_are_counted_right(tmp_path: Path, name: str) -> None:
    sine = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=2")
    sound = ("-c:a", "pcm_s16le") if "pcm" in name else ("-c:a", "aac")
    how = ("-movflags", "frag_keyframe+empty_moov", "-g", "12") if "fragments" in name else ()
    film(tmp_path / "silent.mp4", numbered(48))
    ffmpeg("-i", tmp_path / "silent.mp4", *sine, *X264, *sound, *how, tmp_path / name)
    data = (tmp_path / name).read_bytes()
    with open_media(io.BytesIO(data), ["mov"], max_pixels=10**6) as container:
        packets = sum(1 for packet in container.demux() if packet.size)
    assert packets <= promised(data) <= (4 * packets if "pcm" in name else packets)
    assert probed(tmp_path / name).num_frames == 48


def test_a_table_of_twenty_million_is_rejected_at_once(hostile: Path) -> None:
    path = hostile / "sample_table_of_20_million__743_MB.mp4"
    assert reason_of(lambda: probed(path)) == "oversized_tables"


def test_a_table_that_was_blown_up_in_a_real_file(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(30))
    path.write_bytes(with_box(path.read_bytes(), INSIDE, b"stsz", full(b"stsz", 9, 9_000_000)))
    assert reason_of(lambda: probed(path)) == "oversized_tables"


def test_packets_of_any_format_are_walked_no_longer_than_a_video_may_last(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", numbered(600), *X264, fps=1000)
    assert probed(path, ProbeSettings(max_duration_s=600 / MAX_RATE)).num_frames == 600
    settings = ProbeSettings(max_duration_s=598 / MAX_RATE)
    assert reason_of(lambda: probed(path, settings)) == "too_many_packets"


def test_a_far_too_long_video_is_not_walked_to_its_end(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", numbered(48), *X264)
    data = path.read_bytes()
    cut = data[: -len(data) // 4]  # would be truncated
    path.write_bytes(cut)
    assert reason_of(lambda: probed(path)) == "truncated"
    assert reason_of(lambda: probed(path, ProbeSettings(max_duration_s=0.2))) == "too_long"
