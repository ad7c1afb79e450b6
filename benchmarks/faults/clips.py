"""Good small videos in many containers: what is mutated."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg

from pipeline.estimators.fakes import save_truth
from tests.paint import frames_of
from tests.synth import Scene, truth

SCENE = Scene(number=1, num_frames=30, width=160, height=240, appearance=1)
TITLE = "0123456789abcdef"
"""Of every clip that is encoded here: metadata that can be found and changed."""

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-threads", "1")
Q = ("-q:v", "3")
CODECS: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*H264, "-c:a", "aac"),
    "index_first.mp4": (*H264, "-c:a", "aac", "-movflags", "+faststart"),
    "pieces.mp4": (*H264, "-g", "10", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "hevc.mp4": (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=none",
        "-tag:v",
        "hvc1",
    ),
    "phone.mov": (*H264, "-c:a", "pcm_s16le"),
    "motion.mov": ("-c:v", "mjpeg", *Q, "-c:a", "pcm_s16le"),
    "h264.mkv": (*H264, "-c:a", "flac"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "mpeg4.avi": ("-c:v", "mpeg4", *Q, "-c:a", "libmp3lame"),
    "flv1.flv": ("-c:v", "flv1", *Q, "-ar", "44100", "-c:a", "libmp3lame"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", *Q, "-c:a", "mp2"),
    "h264.ts": (*H264, "-c:a", "aac"),
    "palette.gif": ("-an",),
    "theora.ogv": ("-c:v", "libtheora", "-q:v", "9", "-c:a", "libvorbis"),
    "wmv2.wmv": ("-c:v", "wmv2", *Q, "-c:a", "wmav2"),
}
"""Name of each clip, and how it is encoded."""
MOST_BYTES = 400_000
"""Of the corpus, clips up to this size are mutated too."""


def make_clips(folder: Path, corpus: Path | None) -> None:
    """Write the clips, those of a corpus that are small, and the truths that the fakes need."""
    (folder / "clips").mkdir(parents=True)
    (folder / "truths").mkdir()
    save_truth(folder / "truths", SCENE.number, truth(SCENE))
    frames = frames_of(SCENE)
    picture = (
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{SCENE.width}x{SCENE.height}",
        "-r",
        "24",
        "-i",
        "-",
    )
    sound = ("-f", "lavfi", "-i", f"sine=frequency=330:duration={SCENE.num_frames / 24}")
    for name, codec in CODECS.items():
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, *sound, *codec]
        command += ["-metadata", f"title={TITLE}", str(folder / "clips" / name)]
        subprocess.run(command, input=frames.tobytes(), check=True)
    for path in sorted((corpus / "clips").iterdir()) if corpus else ():
        if path.stat().st_size <= MOST_BYTES:
            shutil.copyfile(path, folder / "clips" / path.name)


def clips_in(folder: Path) -> dict[str, bytes]:
    """The clips by their names, in the order of these."""
    return {path.name: path.read_bytes() for path in sorted((folder / "clips").iterdir())}
