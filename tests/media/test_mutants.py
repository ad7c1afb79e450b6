"""Changed files of every container are read or rejected under a name; no process ends, no memory is eaten."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.films import X264, ffmpeg, film, numbered
from tests.mutants import mutants

ROOT = Path(__file__).resolve().parents[2]
SINE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=3")
VIDEOS: dict[str, tuple[str, ...]] = {
    "a.mp4": X264,
    "fragments.mp4": (*X264, "-movflags", "frag_keyframe+empty_moov", "-g", "12"),
    "hevc.mov": (
        *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-x265-params", "log-level=none"),
    ),
    "a.mkv": X264,
    "vp9.webm": (
        *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-pix_fmt", "yuv420p"),
        *("-cpu-used", "8"),
    ),
    "a.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "a.flv": ("-c:v", "flv1"),
    "a.ts": ("-c:v", "mpeg2video", "-bf", "2"),
    "a.mpg": ("-c:v", "mpeg1video"),
    "a.wmv": ("-c:v", "wmv2"),
    "a.ogv": ("-c:v", "libtheora"),
    "a.gif": ("-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"),
}
SOUNDS = ("s.wav", "s.flac", "s.m4a")
EACH = 4


@pytest.mark.timeout(600)
def test_changed_files_are_read_or_rejected(tmp_path: Path) -> None:
    for name, how in VIDEOS.items():
        film(tmp_path / name, numbered(30), *how)
    for name in SOUNDS:
        ffmpeg(*SINE, tmp_path / name)
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    changed = []
    for number, (name, data) in enumerate(mutants(whole, EACH * len(whole))):
        changed.append(tmp_path / f"{number}{Path(name).suffix}")
        changed[-1].write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "tests.media.survivor", *(tmp_path / name for name in whole), *changed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    fates = done.stdout.splitlines()
    assert done.returncode == 0, f"{[*whole, *changed][len(fates)]} ended the process: {done.stderr[-300:]}"
    assert fates[: len(whole)] == ["read"] * len(whole)
    assert [fate for fate in fates if not re.fullmatch("[a-z_]+", fate)] == []
    assert len(set(fates)) > 4  # there were changes that matter
