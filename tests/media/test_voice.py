"""Speech out of any file that holds sound, from its first sample on, and films that are given it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.encode import VideoSettings, write_video
from media.voice import MAX_S, add_voice, refuse_length, voice_of
from schemas.outcome import Rejected
from tests.films import ffmpeg
from tests.media.test_sound import wav

CLICK = 12_345


def click(seconds: float = 2.0, rate: int = 16_000) -> NDArray[np.int16]:
    """Silence, and one loud sample."""
    sound = np.zeros(int(seconds * rate), "<i2")
    sound[CLICK * rate // 16_000] = 30_000
    return sound


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_sound_file_becomes_16_khz(tmp_path: Path, rate: int) -> None:
    file = wav(tmp_path / "a.wav", click(rate=rate), rate)
    with voice_of(file) as voice:
        assert voice.samples.dtype == np.int16
        assert len(voice.samples) == pytest.approx(32_000, abs=2)
        assert abs(int(np.abs(voice.samples.astype(int)).argmax()) - CLICK) <= 1
        assert voice.num_frames == 48


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp3", ("-c:a", "libmp3lame")),
        ("a.m4a", ("-c:a", "aac")),
        ("a.ogg", ("-c:a", "libopus")),
        ("a.flac", ("-c:a", "flac", "-ac", "2")),
        ("a.mkv", ("-f", "lavfi", "-i", "testsrc=s=64x64:r=24:d=2", "-c:a", "pcm_s16le", "-c:v", "mpeg4")),
    ],
)
def test_files_of_many_kinds_are_heard_in_time(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    sound = wav(tmp_path / "a.wav", click(rate=48_000), 48_000)
    ffmpeg("-i", sound, *options, tmp_path / name)
    with voice_of(tmp_path / name) as voice:
        assert len(voice.samples) == pytest.approx(32_000, abs=1600)
        assert abs(int(np.abs(voice.samples.astype(int)).argmax()) - CLICK) <= 2


def test_the_copy_goes_with_the_block(tmp_path: Path) -> None:
    with voice_of(wav(tmp_path / "a.wav", click(), 16_000)) as voice:
        copy = Path(str(voice.samples.filename))  # type: ignore[attr-defined]
        assert copy.exists()
    assert not copy.exists()


def reason(path: Path) -> str:
    with pytest.raises(Rejected) as no, voice_of(path):
        pass
    return no.value.reason


def test_what_is_no_speech_is_rejected(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    write_video(silent, iter([np.zeros((30, 64, 64, 3), np.uint8)]), VideoSettings())
    assert reason(silent) == "no_sound"
    short = wav(tmp_path / "short.wav", click(seconds=1.04), 16_000)
    with pytest.raises(Rejected, match=r"too_short: 1\.04 s of sound; at least 1\.05 s"), voice_of(short):
        pass
    (tmp_path / "text.wav").write_text("hello " * 1000)
    assert reason(tmp_path / "text.wav") in {"invalid_data", "unsupported_container"}
    assert reason(tmp_path / "none.wav") == "unreadable"
    assert reason(tmp_path) == "not_a_file"
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:12\n#EXTINF:12,\n{silent}\n#EXT-X-ENDLIST\n")
    assert reason(playlist) in {"invalid_data", "unsupported_container"}
    with pytest.raises(Rejected, match="more than 10800 s"):
        refuse_length(int(MAX_S * 16_000) + 1)


def test_a_film_is_given_the_speech_from_its_first_sample_on(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav", click(rate=48_000), 48_000)
    silent, loud = tmp_path / "silent.mp4", tmp_path / "loud.mp4"
    write_video(silent, iter([np.zeros((48, 64, 64, 3), np.uint8)]), VideoSettings())
    with voice_of(sound) as voice:
        add_voice(silent, voice, loud)
    with voice_of(loud) as again:
        assert again.num_frames in {48, 49}
        assert abs(int(np.abs(again.samples.astype(int)).argmax()) - CLICK) <= 2
