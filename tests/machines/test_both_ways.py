"""A data set made on this processor, and ones made as on older ones."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.alike import Comparison, compare
from tests.films import X264, ffmpeg
from tests.processes import execute, program
from tests.stored import with_sound

pytestmark = pytest.mark.timeout(900)

CLIPS = ("full_04_balance_cam01.mp4", "half_05_sign_football.mp4")
TONE = ("-f", "lavfi", "-i", "aevalsrc=0.4*sin(800*t*t):d=3:s=44100")
CURATE = (sys.executable, "-c", "from jobs.cli import main; raise SystemExit(main())", "curate")
LIMITED = (sys.executable, "-m", "tests.machines.limits")
WAYS = {"as it is": (), "avx2": (*LIMITED, "avx2"), "sse": (*LIMITED, "sse")}
WORDS = "import cv2, torch; print(torch.backends.cpu.get_cpu_capability(), cv2.getCPUFeaturesLine())"
BOUNDS = {
    "px": (("joints2d", "left_hand2d", "right_hand2d", "face_box", "head_center", "head_radius"), 8.0),
    "metres": (("joints3d", "left_hand3d", "right_hand3d"), 0.1),
    "radians": (("head_rotation", "body_yaw"), 0.05),
    "nothing": (("body_valid", "face_valid", "head_valid", "camera_focal"), 0.0),
}
"""How far numbers may lie apart where networks see other last bits, on a canvas of 128x192."""


@pytest.fixture(scope="module")
def folder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Starts of two clips, one with sound, and a file that is no video, below "videos"."""
    folder = tmp_path_factory.mktemp("both ways")
    (folder / "videos").mkdir()
    for name in CLIPS:
        ffmpeg("-i", corpus / "clips" / name, *X264, "-t", 1.1, folder / "videos" / name)
    with_sound(folder / "videos" / CLIPS[1], *TONE)
    (folder / "videos" / CLIPS[1]).unlink()
    (folder / "videos" / "words.mp4").write_text("this is no video")
    return folder


def curated(folder: Path, *ways: str) -> list[Path]:
    """Data sets of these videos, made in several ways side by side."""
    how = ("--settings.control.canvas-area", 24_576, "--settings.reference.allow-no-face")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with ExitStack() as stack:
        running = []
        for name in ways:
            places = ("--videos", folder / "videos", "--out", folder / name)
            running.append(stack.enter_context(program(*WAYS[name], *CURATE, *places, *how, **pipes)))
        for process in running:
            result, _ = process.communicate()
            assert process.returncode == 0, result
    return [folder / name for name in ways]


@pytest.fixture(scope="module")
def newer(folder: Path) -> Comparison:
    return compare(*curated(folder, "as it is", "avx2"))


@pytest.fixture(scope="module")
def older(folder: Path, newer: Comparison) -> Comparison:
    """Beside the set of this processor, which is there by then."""
    return compare(folder / "as it is", *curated(folder, "sse"))


@pytest.mark.parametrize(("limit", "left"), [("avx2", "AVX2"), ("sse", "DEFAULT")])
def test_libraries_are_held_back(limit: str, left: str) -> None:
    capability, *opencv = execute(*LIMITED, limit, sys.executable, "-c", WORDS).stdout.split()
    assert capability == left
    assert "*AVX512-SKX" not in opencv
    assert ("*AVX2" in opencv) == (limit == "avx2")


@pytest.mark.long
@pytest.mark.parametrize("way", ["newer", "older"])
def test_keys_order_and_fates_are_the_same(way: str, request: pytest.FixtureRequest) -> None:
    both: Comparison = request.getfixturevalue(way)
    assert both.orders[0] == both.orders[1]
    assert len(both.orders[0]) == 2
    assert both.fates[0] == both.fates[1]
    assert [reason for *_, reason in both.fates[0]] == ["invalid_data"]


@pytest.mark.long
def test_with_avx2_every_byte_is_the_same(newer: Comparison) -> None:
    assert {"video.mp4", "face.mp4", "audio.flac", "reference_0.jpg", "tracks.npz"} <= newer.members.keys()
    assert [name for name, part in newer.members.items() if part.equal < part.looked_at] == []


@pytest.mark.long
def test_without_it_sound_is_and_numbers_lie_near(older: Comparison) -> None:
    assert older.members["audio.flac"].equal == 1
    for names, bound in BOUNDS.values():
        for name in names:
            assert older.arrays[name].most <= bound, name
