from __future__ import annotations

import io
import tracemalloc

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from PIL import Image

from media.decode import decode_bytes
from media.encode import encode_jpeg
from media.members import AROUND, decode_sound, decode_still, decode_window, num_sounds, paint
from media.sound import encode_flac, num_samples
from schemas.outcome import UnfitError
from tests.model.data import sets


@pytest.fixture(scope="module")
def clip(data_set):
    """The longest clip: row and members."""
    return max((sets.stored(data_set, number) for number in range(16)), key=lambda pair: pair[0].frames)


def window(row, members, start: int, frames: int, name: str = "video.mp4") -> np.ndarray:
    size = (224, 224) if name == "face.mp4" else (row.height, row.width)
    out = np.empty((frames, *size, 3), np.uint8)
    decode_window(name, members[name], row.frames, start, out)
    return out


@pytest.mark.parametrize("name", ["video.mp4", "face.mp4"])
def test_every_window_is_the_same_stretch_of_the_whole(clip, name):
    row, members = clip
    assert row.frames == 53, "across two key pictures"
    whole = decode_bytes(members[name])
    for start in range(row.frames - 24):
        assert np.array_equal(window(row, members, start, 25, name), whole[start : start + 25])
    assert np.array_equal(window(row, members, 0, 53, name), whole)


def test_a_mirrored_view_is_filled_as_well(clip):
    row, members = clip
    out = np.empty((25, row.height, row.width, 3), np.uint8)
    decode_window("video.mp4", members["video.mp4"], row.frames, 5, out[:, :, ::-1])
    assert np.array_equal(out, window(row, members, 5, 25)[:, :, ::-1])


def reason(call) -> str:
    with pytest.raises(UnfitError) as caught:
        call()
    return caught.value.reason


def test_wrong_videos_are_refused(clip):
    row, members = clip
    data = members["video.mp4"]
    good = np.empty((25, row.height, row.width, 3), np.uint8)
    assert reason(lambda: decode_window("v", data, row.frames + 1, 0, good)) == "wrong_video"
    assert reason(lambda: decode_window("v", data, row.frames, 0, good[:, :-2])) == "wrong_video"
    assert reason(lambda: decode_window("v", members["face.mp4"], row.frames, 0, good)) == "wrong_video"
    assert reason(lambda: decode_window("v", data, row.frames, 40, good)) == "undecodable"
    assert reason(lambda: decode_window("v", b"", row.frames, 0, good)) == "undecodable"
    assert reason(lambda: decode_window("v", data[: len(data) // 2], row.frames, 28, good)) == "undecodable"


def test_damaged_pictures_never_pass_in_silence(clip):
    """Some bytes in the middle of each: one alone may by chance lead to another valid picture."""
    row, members = clip
    rng = np.random.default_rng(0)
    data = bytearray(members["video.mp4"])
    with av.open(io.BytesIO(data)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    for start, size in packets:
        length = min(64, size // 2)
        data[start + size // 2 : start + size // 2 + length] = rng.bytes(length)
    assert len(packets) == row.frames
    assert reason(lambda: window(row, {"video.mp4": bytes(data)}, 0, row.frames)) == "undecodable"


def test_stills():
    picture = np.random.default_rng(0).integers(0, 256, (6, 4, 3)).repeat(16, axis=0).repeat(16, axis=1)
    data = encode_jpeg(picture.astype(np.uint8))
    out = np.empty((96, 64, 3), np.uint8)
    decode_still("r", data, out)
    assert np.abs(out.astype(int) - picture).mean() < 3
    assert reason(lambda: decode_still("r", data, out[:, :-1])) == "wrong_still"
    assert reason(lambda: decode_still("r", data[:300], out)) == "undecodable"
    grey = io.BytesIO()
    Image.new("L", (64, 96)).save(grey, "JPEG")
    assert reason(lambda: decode_still("r", grey.getvalue(), out)) == "wrong_still"


def test_sound_is_in_step_with_the_window(data_set):
    """The tone's frequency rises with time, sin(800 t^2): its phase says what time it is."""
    row, members = next(
        pair
        for pair in (sets.stored(data_set, n) for n in range(16))
        if pair[0].has_audio and pair[0].frames == 53
    )
    data = members["audio.flac"]
    around = num_sounds(AROUND)
    longest = np.full(num_sounds(row.frames) + 2 * around, np.nan, np.float32)
    decode_sound("a", data, row.frames, 0, longest)
    whole = longest[around:-around]
    assert not longest[:around].any()  # the clip has not begun
    assert not longest[-around:].any()  # it has ended
    seconds = row.start_s + np.arange(len(whole)) / 16_000
    tone = np.sin(800 * seconds**2)
    inner = slice(2_000, -2_000)
    assert np.corrcoef(whole[inner], tone[inner])[0, 1] > 0.98
    for start in range(29):
        part = np.full(num_sounds(25 + 2 * AROUND), np.nan, np.float32)
        decode_sound("a", data, row.frames, start, part)
        first = round(start * 16_000 / 24)
        expected = longest[first : first + len(part)]
        assert np.array_equal(part[: len(expected)], expected)
        assert not part[len(expected) :].any()
    assert reason(lambda: decode_sound("a", data, row.frames - 1, 0, whole)) == "wrong_sound"
    assert reason(lambda: decode_sound("a", data[:200], row.frames, 0, whole)) == "undecodable"


def test_a_short_sound_lies_in_silence(data_set):
    """Windows that reach beyond the clip on both sides, or begin at its very end."""
    row, members = next(
        pair
        for pair in (sets.stored(data_set, n) for n in range(16))
        if pair[0].has_audio and pair[0].frames == 25
    )
    out = np.full(num_sounds(200), np.nan, np.float32)
    decode_sound("a", members["audio.flac"], row.frames, 0, out)
    around, length = num_sounds(AROUND), num_sounds(row.frames)
    assert np.flatnonzero(out).min() >= around
    assert np.flatnonzero(out).max() < around + length
    assert abs(out[around : around + length]).max() > 0.1
    last = np.full(num_sounds(60), np.nan, np.float32)
    decode_sound("a", members["audio.flac"], row.frames, row.frames - 1, last)
    begin = num_sounds(row.frames - 1) - around
    assert np.array_equal(last[: length - begin], out[around:][begin:length])
    assert not last[length - begin :].any()


def test_sound_is_counted_as_the_pipeline_counts_it():
    assert all(num_sounds(frames) == num_samples(frames) for frames in range(25, 241))


def test_a_picture_of_another_size_among_others_is_named():
    out = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(UnfitError, match="undecodable: a picture of 16x32 px among others"):
        paint(av.VideoFrame(16, 32, "yuv420p"), VideoReformatter(), out)


def test_sound_that_does_not_end_takes_no_memory(tmp_path):
    """Silence of 40 minutes weighs 100 KB; a clip has seconds."""
    data = encode_flac(tmp_path / "a.flac", np.zeros(0, np.int16), 24 * 60 * 40)
    assert len(data) < 2**20
    tracemalloc.start()
    with pytest.raises(UnfitError, match=r"wrong_sound: audio\.flac: [0-9]+ samples for 25 frames"):
        decode_sound("audio.flac", data, 25, 0, np.zeros(16_000, np.float32))
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 4 * 2**20
