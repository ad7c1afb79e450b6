"""The sound of a clip: 16 kHz mono, in step with its first frame, to the sample."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from media.child import ChildTimeout, run
from media.encode import BITEXACT, EncodeError, compiled, failure
from media.fetch import at_hand
from schemas.media import FPS, SOUND_RATE, Clip
from schemas.outcome import Rejected

LEAD_S = 2.0
"""Decoding starts this long before the clip: seeking is coarse, and decoders need a run-up."""
LIMIT_S = 300.0
EVERYWHERE = ("-cpuflags", "0")
"""Arguments of ffmpeg: sound as in plain C. With vector instructions, resampling and AAC round otherwise."""
CHANNELS = {"mono": 1, "stereo": 2}
QUIET = 0.03
"""Loudness, of 1, below which a mix is looked into: speech has 0.05 and more."""
CANCELLED = 4.0
"""Channels cancel each other where the louder one is so many times as loud as their mix."""
SILENT = 1
"""Largest sample, of 32767, of a track that is silent: rounding makes such."""
FILM_RATE = 48_000
"""Samples a second of a film's sound."""


def num_samples(num_frames: int) -> int:
    """Samples in the span of this many frames."""
    return round(num_frames * SOUND_RATE / FPS)


def clip_sound(clip: Clip) -> NDArray[np.int16]:
    """Sound of the clip's span from its first sample on, up to where the sound track ends or breaks off.

    The track is the one that a player gives, its channels mixed; where they cancel each other, the louder of
    the left and the right one. The track's own times decide: gaps and a late start are silence. Empty where
    the track has nothing in the span, nothing but silence, or cannot be decoded.

    Raises:
        Rejected: "broken_audio": decoding the track does not come to an end.
    """
    mixed = track_of(clip, "mono")[:, 0]
    if len(mixed) and loudness(mixed)[0] < QUIET:
        left_right = track_of(clip, "stereo")
        louder = int(np.argmax(loudness(left_right)))
        if loudness(left_right)[louder] > CANCELLED * loudness(mixed)[0]:
            mixed = np.ascontiguousarray(left_right[:, louder])
    return mixed if np.abs(mixed.astype(np.int32)).max(initial=0) > SILENT else mixed[:0]


def loudness(sound: NDArray[np.int16]) -> NDArray[np.float64]:
    """Root of the mean square of each channel of samples (n,) or (n, channels), of 1."""
    channels = sound.reshape(len(sound), -1).astype(np.float64) / 2**15
    return np.asarray(np.sqrt(np.mean(channels**2, axis=0)))


def track_of(clip: Clip, layout: str) -> NDArray[np.int16]:
    """The clip's samples (n, channels) in a layout of ffmpeg's, "mono" or "stereo".

    Raises:
        Rejected: as `clip_sound`.
    """
    wanted = num_samples(clip.num_frames)
    try:
        with at_hand(clip.video.source) as path:
            done = run(sound_command(clip, path, wanted, layout), LIMIT_S)  # of a broken track what there is
    except ChildTimeout:
        raise Rejected("broken_audio", f"no end after {LIMIT_S:g} s of decoding") from None
    channels = CHANNELS[layout]
    whole = len(done.stdout) // (2 * channels) * 2 * channels
    return np.frombuffer(done.stdout[:whole], "<i2").reshape(-1, channels)[:wanted]


def sound_command(clip: Clip, path: Path, wanted: int, layout: str) -> list[str]:
    """The ffmpeg command that gives a clip's samples from the file at `path`, as int16."""
    start_s = clip.video.start_s + clip.start_s  # on the file's clock
    seek: dict[str, Any] = {}
    if clip.first_frame / FPS > LEAD_S:
        seek = {"ss": f"{start_s - LEAD_S:.6f}", "seek_timestamp": 1, "noaccurate_seek": None}
    source = ffmpeg.input(
        f"file:{path}",
        format=clip.video.container.split(",")[0],  # the demuxer that the probe trusted, and no other
        protocol_whitelist="file,pipe",
        **seek,
    )
    first = round(start_s * SOUND_RATE)
    placed = at_rate(source[heard(clip)], SOUND_RATE, first, ochl=layout, osf="s16")
    span = placed.filter("atrim", start_pts=first, end_pts=first + wanted)
    return compiled(
        span.output("pipe:", format="s16le", acodec="pcm_s16le").global_args("-copyts", *EVERYWHERE)
    )


def heard(clip: Clip) -> str:
    """Of the sounds of a clip's file, ffmpeg's name of the one that a player gives."""
    return f"a:{clip.video.audio_track}"


def at_rate(track: Any, rate: int, first: int, **form: str) -> Any:
    """The track at a rate, from sample `first` of its own times on: gaps and a late start are silence.

    In two filters, for `first_pts` counts in samples of what comes in: of a slower track it would be later.
    """
    return track.filter("aresample", rate).filter("aresample", rate, first_pts=first, **form, **{"async": 1})


def encode_flac(path: Path, sound: NDArray[np.int16], num_frames: int) -> bytes:
    """`sound`, with silence up to the span of `num_frames`, as FLAC; `path` is a place to write it first.

    Raises:
        EncodeError: ffmpeg failed.
        OSError: the disk is full.
    """
    whole = np.zeros(num_samples(num_frames), "<i2")
    whole[: len(sound)] = sound
    samples = ffmpeg.input("pipe:", format="s16le", ar=SOUND_RATE, ac=1)
    command = compiled(samples.output(f"file:{path}", format="flac", acodec="flac", **BITEXACT))
    written(path, command, whole.tobytes())
    return path.read_bytes()


def add_sound(silent: Path, clip: Clip, out: Path) -> None:
    """Write the video `silent` to `out` with the sound of the clip's span, AAC; pictures are copied.

    Raises:
        EncodeError: ffmpeg failed: a sound track that cannot be read, or a full disk.
    """
    first = round((clip.video.start_s + clip.start_s) * FILM_RATE)
    source = ffmpeg.input(
        f"file:{clip.uri}", format=clip.video.container.split(",")[0], protocol_whitelist="file,pipe"
    )
    placed = at_rate(source[heard(clip)], FILM_RATE, first)
    span = placed.filter("atrim", start_pts=first, end_pts=first + round(clip.num_frames * FILM_RATE / FPS))
    add_stream(silent, span.filter("asetpts", "PTS-STARTPTS"), out, "-copyts")


def add_samples(silent: Path, samples: NDArray[np.int16], rate: int, out: Path) -> None:
    """Write the video `silent` to `out` with samples (n,) as its sound, one channel, AAC.

    Raises:
        EncodeError: ffmpeg failed.
    """
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        raw = Path(folder) / "samples.s16"
        samples.astype("<i2").tofile(raw)
        add_stream(silent, ffmpeg.input(f"file:{raw}", format="s16le", ar=rate, ac=1)["a:0"], out)


def add_stream(silent: Path, sound: ffmpeg.nodes.FilterableStream, out: Path, *flags: str) -> None:
    """Write the video `silent` to `out` with a sound of ffmpeg's, AAC; pictures are copied.

    Raises:
        EncodeError: ffmpeg failed.
    """
    pictures = ffmpeg.input(f"file:{silent}", format="mp4", protocol_whitelist="file")["v:0"]
    how = {"vcodec": "copy", "acodec": "aac", "audio_bitrate": "160k", "movflags": "+faststart", **BITEXACT}
    film = ffmpeg.output(pictures, sound, f"file:{out}", format="mp4", **how)
    written(out, compiled(film.global_args(*flags, *EVERYWHERE)))


def written(path: Path, command: list[str], data: bytes | None = None) -> None:
    """Let ffmpeg write a file.

    Raises:
        EncodeError: it failed, or did not come to an end.
        OSError: the disk is full.
    """
    try:
        done = run(command, LIMIT_S, data)
    except ChildTimeout as error:
        raise EncodeError(f"{path}: {error}") from None
    if done.returncode:
        raise failure(path, done.returncode, done.stderr, LIMIT_S)
