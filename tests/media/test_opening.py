"""One opener for all: any title, no other protocol, and nothing that is no file."""

from __future__ import annotations

import ast
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from media.facts import sound_facts, video_facts
from media.opening import Seeking
from media.stills import read_still
from media.voice import voice_of
from schemas.outcome import Rejected
from tests.films import X264, ffmpeg, film, numbered, probed
from tests.rejected import reason_of

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("schemas", "storage", "media", "dataset", "engine", "pipeline", "model", "jobs")
TITLE = "Mädchen".encode("latin-1")
METADATA = ("-metadata", f"title={os.fsdecode(TITLE)}")
SINE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=3")

VIDEOS = {
    "a.avi": ("-c:v", "mpeg4"),
    "a.flv": ("-c:v", "flv1"),
    "a.mkv": X264,
    "a.mov": X264,
    "a.mp4": X264,
    "a.ogv": ("-c:v", "libtheora"),
}


def titled(path: Path) -> Path:
    """The file, which keeps its title as it was given."""
    assert TITLE in path.read_bytes()
    return path


def test_nobody_else_opens_a_media_file() -> None:
    calls = [
        path.relative_to(ROOT).as_posix()
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in ("av.open", "av.container.open"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module in ("av", "av.container")
            and any(alias.name == "open" for alias in node.names)
        )
    ]
    assert calls == ["media/opening.py"]


@pytest.mark.parametrize("name", VIDEOS)
def test_a_title_in_any_encoding_stops_nothing(tmp_path: Path, name: str) -> None:
    path = film(tmp_path / name, numbered(30), *VIDEOS[name], *METADATA)
    assert probed(titled(path)).num_frames == 30


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.m4a", "a.ogg"])
def test_a_speech_with_such_a_title_is_heard(tmp_path: Path, name: str) -> None:
    ffmpeg(*SINE, *METADATA, tmp_path / name)
    with voice_of(titled(tmp_path / name)) as voice:
        assert abs(len(voice.samples) - 3 * 16_000) < 2500


def test_members_with_such_a_title_are_checked(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(30), *X264, *METADATA)
    assert video_facts(titled(path).read_bytes(), decode=True).num_frames == 30
    ffmpeg(*SINE, *METADATA, tmp_path / "a.flac")
    assert sound_facts(titled(tmp_path / "a.flac").read_bytes()).num_samples == 3 * 16_000


def test_strangers_titles_are_read(hostile: Path) -> None:
    for path in sorted(hostile.glob("title_in_latin1.*")):
        assert probed(path).num_frames > 24


def fifo(path: Path) -> None:
    os.mkfifo(path)


def to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize("make", [fifo, to_a_device, a_socket, Path.mkdir])
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "v.mp4"
    make(path)
    assert reason_of(lambda: probed(path)) == "not_a_file"
    assert reason_of(lambda: read_still(path, max_pixels=10_000)) == "not_a_file"
    with pytest.raises(Rejected, match="not_a_file"), voice_of(path):
        pass


def test_a_file_that_became_a_fifo_since_it_was_listed(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", numbered(30))
    video = probed(path)
    path.unlink()
    os.mkfifo(path)
    from media.decode import decode_frames

    assert reason_of(lambda: decode_frames(video, [3])) == "not_a_file"


def test_seeks_to_where_no_byte_is_are_told_by_a_code(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"whole")
    with path.open("rb") as file:
        seeking = Seeking(file)
        assert seeking.seek(-3) == -1
        assert seeking.seek(2) == 2
        assert seeking.read(2) == b"ol"
    assert seeking.name == str(path)
