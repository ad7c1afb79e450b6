"""The sound of a clip begins with its first frame and is as long as its span, to the sample."""

from __future__ import annotations

import io
import subprocess
import wave
from dataclasses import replace
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from media.decode import decode
from media.encode import EncodeError, VideoSettings, write_video
from media.probe import probe
from media.sound import add_sound, clip_sound, encode_flac, num_samples, sound_command
from pipeline.stages.corpus import Corpus
from schemas.media import SOUND_RATE, Clip, Listed, PictureStats, Probed, Source, clip_key
from schemas.origin import Origin
from tests.films import ffmpeg
from tests.stored import filmed
from tests.synth import Scene

LOOKS = ("brightness", "contrast", "motion", "frozen", "sharpness", "rate", "mixed")

COUNTED_S = 12


def counted(rate: int = SOUND_RATE) -> NDArray[np.int16]:
    """Sound whose every sample says when it is: a ramp, 1 at the start."""
    return (np.arange(COUNTED_S * rate) % 30_000 + 1).astype("<i2")


def wav(path: Path, sound: NDArray[np.int16], rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    return path


def video_with_sound(path: Path, sound: Path, *options: str, late: str = "0", sound_late: str = "0") -> Path:
    """A small video of 12 s ; `late` and `sound_late` are when, in seconds, its parts start."""
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    picture = ["-itsoffset", late, "-f", "lavfi", "-i", f"testsrc=s=64x64:r=24:d={COUNTED_S}"]
    maps = ["-itsoffset", sound_late, "-i", str(sound), "-map", "0:v", "-map", "1:a", "-c:v", "mpeg4"]
    subprocess.run([*ffmpeg, *picture, *maps, *options, str(path)], check=True)
    return path


def source_of(path: Path) -> Source:
    (source,) = Corpus()(Listed(key="0" * 12, uri=str(path), origin=Origin()))
    return source


def clip_of(path: Path, first_frame: int, num_frames: int, container: str = "matroska,webm") -> Clip:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        start_s = float(next(file.decode(stream)).time)
    source = source_of(path)
    video = Probed(
        key=source.key,
        source=source,
        container=container,
        stream=0,
        codec="mpeg4",
        pixel_format="yuv420p",
        width=64,
        height=64,
        rotation=0,
        num_frames=24 * COUNTED_S,
        fps=24.0,
        uneven=False,
        start_s=start_s,
        duration_s=float(COUNTED_S),
        has_audio=True,
    )
    look = PictureStats(
        brightness=0.0, contrast=0.0, motion=0.0, frozen=0.0, sharpness=0.0, rate=0.0, mixed=0.0
    )
    return Clip(
        key=clip_key(source.key, first_frame),
        video=video,
        first_frame=first_frame,
        num_frames=num_frames,
        look=look,
    )


@pytest.mark.parametrize("first_frame", [0, 1, 37, 120, 200])
@pytest.mark.parametrize("late_ms", [0, 750], ids=["together", "sound_first"])
def test_samples_are_those_of_the_clips_span(tmp_path: Path, first_frame: int, late_ms: int) -> None:
    sound = wav(tmp_path / "a.wav", counted(), SOUND_RATE)
    path = video_with_sound(tmp_path / "a.mkv", sound, "-c:a", "pcm_s16le", late=f"{late_ms / 1000}")
    got = clip_sound(clip_of(path, first_frame, 49))
    first = round(first_frame * SOUND_RATE / 24) + late_ms * SOUND_RATE // 1000
    np.testing.assert_array_equal(got, counted()[first : first + num_samples(49)])


def test_sound_that_starts_late_is_preceded_by_silence(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav", counted(), SOUND_RATE)
    path = video_with_sound(tmp_path / "a.mkv", sound, "-c:a", "pcm_s16le", sound_late="0.5")
    got = clip_sound(clip_of(path, 0, 48))
    assert not got[:8_000].any()
    np.testing.assert_array_equal(got[8_000:], counted()[: 32_000 - 8_000])


@pytest.mark.parametrize("first_frame", [0, 55, 120])
@pytest.mark.parametrize("codec", ["aac", "libopus", "libmp3lame"])
def test_coded_stereo_keeps_its_place(tmp_path: Path, codec: str, first_frame: int) -> None:
    """One click, half a second into the clip, at 48 kHz."""
    clicks = np.zeros(48_000 * COUNTED_S, "<i2")
    at = first_frame * 2_000 + 24_000
    clicks[at : at + 3] = 30_000
    sound = wav(tmp_path / "a.wav", clicks, 48_000)
    path = video_with_sound(tmp_path / "a.mp4", sound, "-c:a", codec, "-b:a", "192k", "-ac", "2")
    got = clip_sound(clip_of(path, first_frame, 72, "mov,mp4,m4a,3gp,3g2,mj2"))
    assert len(got) == num_samples(72)
    assert abs(int(np.abs(got.astype(int)).argmax()) - 8_000) <= 1


def noise(seed: int, rms: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, rms * 2**15, SOUND_RATE * COUNTED_S).astype("<i2")


def test_channels_that_cancel_are_not_mixed_to_silence(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav", noise(0), SOUND_RATE)
    opposite = ("-af", "pan=stereo|c0=c0|c1=-0.9*c0", "-c:a", "pcm_s16le")
    got = clip_sound(clip_of(video_with_sound(tmp_path / "a.mkv", sound, *opposite), 24, 48))
    np.testing.assert_allclose(got, noise(0)[SOUND_RATE:][: num_samples(48)], atol=2)


@pytest.mark.parametrize("pan", ["stereo|c0=c0|c1=c0", "stereo|c0=c0|c1=0*c0"])
def test_channels_that_do_not_cancel_are_mixed(tmp_path: Path, pan: str) -> None:
    sound = wav(tmp_path / "a.wav", noise(0, 0.02), SOUND_RATE)
    path = video_with_sound(tmp_path / "a.mkv", sound, "-af", f"pan={pan}", "-c:a", "pcm_s16le")
    share = 0.5 if "0*" in pan else 1.0
    got = clip_sound(clip_of(path, 0, 48))
    np.testing.assert_allclose(got, share * noise(0, 0.02)[: num_samples(48)], atol=2)


def test_a_track_of_zeros_is_no_sound(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav", np.zeros(SOUND_RATE * COUNTED_S, "<i2"), SOUND_RATE)
    assert len(clip_sound(clip_of(video_with_sound(tmp_path / "a.mkv", sound, "-c:a", "aac"), 0, 48))) == 0


def test_the_track_is_the_one_that_is_marked(tmp_path: Path) -> None:
    files = [wav(tmp_path / f"{n}.wav", noise(n), SOUND_RATE) for n in range(2)]
    one = video_with_sound(tmp_path / "one.mkv", files[0], "-c:a", "pcm_s16le")
    both = tmp_path / "both.mkv"
    how = ("-map", "0", "-map", "1:a", "-c", "copy", "-disposition:a:0", "0", "-disposition:a:1", "default")
    ffmpeg("-i", one, "-i", files[1], *how, both)
    video = probed(both)
    assert video.audio_track == 1
    clip = replace(clip_of(both, 0, 48), video=video)
    np.testing.assert_array_equal(clip_sound(clip), noise(1)[: num_samples(48)])


@pytest.mark.parametrize("first_frame", [0, 24, 120, 200])
@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050])
def test_sound_of_any_rate_keeps_its_place(tmp_path: Path, rate: int, first_frame: int) -> None:
    """One click, half a second into the clip."""
    clicks = np.zeros(rate * COUNTED_S, "<i2")
    clicks[first_frame * rate // 24 + rate // 2] = 30_000
    sound = wav(tmp_path / "a.wav", clicks, rate)
    path = video_with_sound(tmp_path / "a.mov", sound, "-c:a", "pcm_s16le")
    got = clip_sound(clip_of(path, first_frame, 72, "mov,mp4,m4a,3gp,3g2,mj2"))
    assert len(got) == num_samples(72)
    assert abs(int(np.abs(got.astype(int)).argmax()) - 8_000) <= 1


def test_sound_that_ends_early_or_never_starts_is_short_or_empty(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav", counted()[: 3 * SOUND_RATE], SOUND_RATE)
    path = video_with_sound(tmp_path / "a.mkv", sound, "-c:a", "pcm_s16le")
    assert len(clip_sound(clip_of(path, 48, 48))) == SOUND_RATE
    assert len(clip_sound(clip_of(path, 96, 48))) == 0


def test_a_broken_track_is_empty_and_no_error(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav", counted(), SOUND_RATE)
    path = video_with_sound(tmp_path / "a.mkv", sound, "-c:a", "pcm_s16le")
    path.write_bytes(path.read_bytes().replace(b"A_PCM/INT/LIT", b"A_UNKNOWN/XYZ"))
    clip = clip_of(path, 24, 48)
    assert len(clip_sound(clip)) == 0


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    """Only the demuxer that the probe trusted reads the file, whatever it has become since."""
    sound = wav(tmp_path / "a.wav", counted(), SOUND_RATE)
    path = video_with_sound(tmp_path / "a.ts", sound, "-c:a", "mp2")
    clip = clip_of(path, 24, 48, "mpegts")
    assert len(clip_sound(clip)) > 0
    path.rename(tmp_path / "b.ts")
    message = f"#EXTM3U\n#EXT-X-TARGETDURATION:12\n#EXTINF:12,\n{tmp_path}/b.ts\n#EXT-X-ENDLIST\n"
    path.write_text(message.ljust((tmp_path / "b.ts").stat().st_size, "\n"))
    clip = replace(clip, video=replace(clip.video, source=source_of(path)))
    assert len(clip_sound(clip)) == 0


def test_another_processor_gives_the_same_samples(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).integers(-(2**14), 2**14, 2 * 44_100 * COUNTED_S, np.int16)
    path = video_with_sound(tmp_path / "a.mkv", wav(tmp_path / "a.wav", noise, 44_100), "-c:a", "flac")
    clip = clip_of(path, 24, 48)
    command = sound_command(clip, path, 32_000, "mono")
    older = [command[0], "-cpuflags", "sse2+sse+mmx+cmov", *command[1:]]
    output = subprocess.run(older, check=True, stdout=subprocess.PIPE).stdout
    assert output == clip_sound(clip).tobytes()


@pytest.mark.parametrize("num_frames", [25, 29, 240])
def test_flac_is_exact_and_padded_to_the_span(tmp_path: Path, num_frames: int) -> None:
    sound = counted()[: num_samples(num_frames) - 500]
    data = encode_flac(tmp_path / "a.flac", sound, num_frames)
    assert data == encode_flac(tmp_path / "b.flac", sound, num_frames)
    with av.open(io.BytesIO(data)) as file:
        stream = file.streams.audio[0]
        assert (stream.sample_rate, stream.layout.name, stream.codec_context.name) == (
            SOUND_RATE,
            "mono",
            "flac",
        )
        back = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(stream)])
    assert len(back) == round(num_frames / 24 * 16_000)
    np.testing.assert_array_equal(back, np.concatenate([sound, np.zeros(500, np.int16)]))


def probed(path: Path) -> Probed:
    return probe(source_of(path), max_pixels=2**22, max_duration_s=60, max_pixel_stretch=0.1)


def test_a_film_is_given_the_sound_of_its_span(tmp_path: Path) -> None:
    video = filmed(tmp_path / "talk.mp4", Scene(num_frames=96, width=64, height=64), sound=True)
    key = clip_key(video.key, 30)
    clip = Clip(
        key=key, video=video, first_frame=30, num_frames=48, look=PictureStats(**dict.fromkeys(LOOKS, 0.0))
    )
    silent, loud = tmp_path / "silent.mp4", tmp_path / "loud.mp4"
    pictures = np.random.default_rng(0).integers(0, 255, (48, 64, 64, 3), np.uint8)
    write_video(silent, iter([pictures]), VideoSettings())
    add_sound(silent, clip, loud)
    before, made = probed(silent), probed(loud)
    assert made.has_audio
    assert made.num_frames == 48
    own, copied = (next(decode(one, 0, 48, window=48)) for one in (before, made))
    assert np.array_equal(own, copied)
    whole = replace(clip, video=made, first_frame=0)
    found, expected = (clip_sound(one).astype(float) for one in (whole, clip))
    assert len(found) == pytest.approx(len(expected), abs=1100)
    lags = range(-400, 401, 10)
    middle = slice(8000, 24000)
    alike = [np.corrcoef(np.roll(found, lag)[middle], expected[middle])[0, 1] for lag in lags]
    assert max(alike) > 0.9
    assert abs(lags[int(np.argmax(alike))]) <= 20  # a rising tone is like itself at no other time


def test_a_film_without_sound_to_give_is_an_error(tmp_path: Path) -> None:
    video = filmed(tmp_path / "mute.mp4", Scene(num_frames=48, width=64, height=64))
    clip = Clip(
        key=clip_key(video.key, 0),
        video=video,
        first_frame=0,
        num_frames=48,
        look=PictureStats(**dict.fromkeys(LOOKS, 0.0)),
    )
    with pytest.raises(EncodeError):
        add_sound(Path(video.uri), clip, tmp_path / "loud.mp4")
