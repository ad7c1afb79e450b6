"""No playlist is followed, neither to another file nor to the network."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from media.container import open_container
from schemas.outcome import Rejected
from tests.films import film, numbered, probed
from tests.mp4 import box, with_box


@pytest.fixture
def port() -> Iterator[tuple[int, socket.socket]]:
    """A local port at which nobody may knock."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server.getsockname()[1], server


def playlists(target: str) -> dict[str, str]:
    """Playlists that lead to `target`, by the name they lie under."""
    return {
        "hls.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
        "hls named.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
        "concat.ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "concat named.mkv": f"ffconcat version 1.0\nfile '{target}'\n",
        "dash.mpd": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
            ' mediaPresentationDuration="PT4S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
            f"<Period><AdaptationSet contentType='video'><Representation id='1' mimeType='video/mp4'>"
            f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
        ),
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 9\n",
    }


INSIDE = (b"moov", b"trak", b"mdia", b"minf", b"dinf")
REFUSED = ("unsupported_container", "invalid_data")
"""The second where this FFmpeg does not even know the playlist, or not under this name."""


@pytest.mark.parametrize("name", playlists(""))
def test_a_playlist_of_local_files_is_refused(tmp_path: Path, name: str) -> None:
    film(tmp_path / "other.mp4", numbered(30))
    (tmp_path / name).write_text(playlists("other.mp4")[name])
    with pytest.raises(Rejected) as no:
        probed(tmp_path / name)
    assert no.value.reason in REFUSED


def test_the_bait_is_good(tmp_path: Path) -> None:
    film(tmp_path / "other.mp4", numbered(30))
    path = tmp_path / "concat named.mkv"
    path.write_text(playlists("other.mp4")[path.name])
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 30


@pytest.mark.parametrize("name", [name for name in playlists("") if "sdp" not in name])
def test_a_playlist_of_the_network_is_refused(
    tmp_path: Path, name: str, port: tuple[int, socket.socket]
) -> None:
    number, server = port
    (tmp_path / name).write_text(playlists(f"http://127.0.0.1:{number}/v.mp4")[name])
    with pytest.raises(Rejected) as no:
        probed(tmp_path / name)
    assert no.value.reason in REFUSED
    with pytest.raises(TimeoutError):
        server.accept()


def test_a_pattern_of_pictures_is_not_expanded(tmp_path: Path) -> None:
    film(tmp_path / "%03d.png", numbered(3), "-f", "image2")
    (tmp_path / "%03d.mp4").write_bytes((tmp_path / "001.png").read_bytes())
    with pytest.raises(Rejected) as no:
        probed(tmp_path / "%03d.mp4")
    assert no.value.reason == "unsupported_container"


def test_only_the_file_protocol_is_spoken(tmp_path: Path, port: tuple[int, socket.socket]) -> None:
    number, server = port
    path = film(tmp_path / "a.ts", numbered(30), "-c:v", "mpeg2video")
    for uri in (f"http://127.0.0.1:{number}/a.mp4", f"concat:{path}|{path}"):
        with pytest.raises(Rejected), open_container(Path(uri), max_pixels=1_000_000):
            pass
    with pytest.raises(TimeoutError):
        server.accept()


def test_a_picture_far_larger_than_allowed_is_not_decoded(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mov", np.zeros((3, 1200, 1200, 3), np.uint8), "-c:v", "png")
    with open_container(path, max_pixels=1200 * 1200) as container:
        assert sum(1 for _ in container.decode(video=0)) == 3
    with (
        pytest.raises(Rejected, match="undecodable"),
        open_container(path, max_pixels=1000) as container,
    ):
        next(container.decode(video=0))


def alias(path: str) -> bytes:
    """A data reference of the old Macintosh kind that names a file in the same folder."""
    name, full = path.encode(), f"/{path}".encode()
    entry = (
        bytes(10)
        + struct.pack(">B27s", 4, b"disk")
        + bytes(12)
        + struct.pack(">B63s", len(name), name)
        + bytes(16)
        + struct.pack(">HH", 1, 1)
        + bytes(16)
        + struct.pack(">HH", 2, len(full))
        + full
        + bytes(len(full) % 2)
        + struct.pack(">HH", 0xFFFF, 0)
    )
    return box(b"dref", struct.pack(">II", 0, 1), box(b"alis", bytes(4), entry))


def test_a_movie_that_keeps_its_pictures_in_another_file(tmp_path: Path) -> None:
    other = film(tmp_path / "other.mp4", numbered(30))
    thief = tmp_path / "thief.mov"
    thief.write_bytes(with_box(other.read_bytes(), INSIDE, b"dref", alias("other.mp4")))
    with av.open(str(thief), options={"enable_drefs": "1"}) as container:  # the bait is good
        assert sum(1 for _ in container.decode(video=0)) == 30
    with pytest.raises(Rejected) as no:
        probed(thief)
    assert no.value.reason == "truncated"
