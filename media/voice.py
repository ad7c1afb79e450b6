"""Speech from files of strangers: 16 kHz mono on the disk, for as long as it is worked with."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from media.child import ChildTimeout, run
from media.container import CONTAINERS, open_container
from media.encode import compiled
from media.sound import EVERYWHERE, FILM_RATE, LIMIT_S, add_stream, num_samples
from schemas.media import FPS, MIN_CLIP_FRAMES, SOUND_RATE
from schemas.outcome import Rejected

SOUNDS = (*CONTAINERS, "wav", "w64", "mp3", "flac", "aac", "aiff", "caf", "amr", "au", "ac3")
"""Demuxers that a speech may come in: those of videos, and of sound alone."""
MAX_PIXELS = 2**26
"""Of pictures beside the sound, which are not decoded."""
MAX_S = 3 * 3600.0
"""Longer speeches are refused: the copy takes 115 MB an hour."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A speech."""

    path: Path
    container: str
    """Demuxer name."""
    samples: NDArray[np.int16]
    """16 kHz, from the first sample of the file on; on the disk."""

    @property
    def num_frames(self) -> int:
        """Frames of a film that lasts as long."""
        return -(-len(self.samples) * FPS // SOUND_RATE)


@contextmanager
def voice_of(path: Path) -> Iterator[Voice]:
    """The speech of a sound or video file on this machine, for as long as the block lasts.

    Gaps of the track are silence.

    Raises:
        Rejected: see `open_container`; and "no_sound", "undecodable", "too_short", "too_long".
    """
    with open_container(path, max_pixels=MAX_PIXELS, containers=SOUNDS) as file:
        if not file.streams.audio:
            raise Rejected("no_sound", "no stream of sound")
        container = file.format.name
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "speech.s16"
        try:
            done = run(voice_command(path, container, raw), LIMIT_S)
        except ChildTimeout:
            raise Rejected("undecodable", f"no end after {LIMIT_S:g} s of decoding") from None
        if done.returncode:
            raise Rejected(
                "undecodable", done.stderr.decode(errors="replace").strip().partition("\n")[0][:300]
            )
        refuse_length(raw.stat().st_size // 2)
        yield Voice(path=path, container=container, samples=np.memmap(raw, "<i2", mode="c"))


def refuse_length(samples: int) -> None:
    """Reject what is too short to be a film, or too long."""
    seconds = samples / SOUND_RATE
    if samples < num_samples(MIN_CLIP_FRAMES):
        least = math.ceil(100 * MIN_CLIP_FRAMES / FPS) / 100
        raise Rejected("too_short", f"{seconds:.2f} s of sound; at least {least:.2f} s")
    if seconds > MAX_S:
        raise Rejected("too_long", f"more than {MAX_S:.0f} s of sound")


def voice_command(path: Path, container: str, raw: Path) -> list[str]:
    """The ffmpeg command that writes a file's first sound track as int16."""
    placed = track_of(path, container).filter(
        "aresample", SOUND_RATE, ochl="mono", osf="s16", first_pts=0, **{"async": 1}
    )
    samples = placed.output(f"file:{raw}", format="s16le", acodec="pcm_s16le", t=MAX_S + 1)
    return compiled(samples.global_args(*EVERYWHERE))


def track_of(path: Path, container: str) -> ffmpeg.nodes.FilterableStream:
    """A file's first sound track, from time 0 on."""
    source = ffmpeg.input(f"file:{path}", format=container.partition(",")[0], protocol_whitelist="file,pipe")
    return source["a:0"].filter("asetpts", "PTS-STARTPTS")


def add_voice(silent: Path, voice: Voice, out: Path) -> None:
    """Write the video `silent` to `out` with a speech, as good as in its file, AAC; pictures are copied.

    Raises:
        EncodeError: ffmpeg failed.
    """
    track = track_of(voice.path, voice.container).filter("aresample", FILM_RATE)
    placed = track.filter("aresample", FILM_RATE, first_pts=0, **{"async": 1})
    add_stream(silent, placed.filter("atrim", end=voice.num_frames / FPS), out)
