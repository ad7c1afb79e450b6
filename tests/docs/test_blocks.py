"""What the documents tell a reader to type works, in their order, on real videos or a small data set."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from storage.place import Place
from tests.docs.blocks import PAGES, ROOT, Block, blocks_of, outside
from tests.films import ffmpeg
from tests.stores import Store, serving
from tests.warm.programs import asking

NOT_RUN = {
    "needs weights of one's own": 1,
    "needs several GPUs and the weights of a large model": 1,
    "needs an account in a cloud": 3,
    "needs packages that are not ours": 4,
    "needs a Kubernetes cluster": 1,
    "the tests themselves, and hours of measurements": 2,
}
"""Why blocks are not run here, and how many of each."""
VIDEOS = {  # two whole figures and two who speak: whichever is held out, one of each is left
    "juggler.mp4": ("full_01_football_juggle.mp4", 0, "scale=640:360"),
    "again.mp4": ("full_01_football_juggle.mp4", 4, "scale=640:360"),
    "man.mp4": ("talk_07_grid_man.mpg", 0, "scale=480:384"),
    "woman.mp4": ("talk_08_grid_woman.mpg", 0, "scale=480:384"),
}
LENGTH_S = 1.05
"""Just long enough for a clip."""
FROM_VIDEOS = ("README.md", "docs/cluster.md")
"""Pages that begin with videos; all others are about a data set that is there."""


def every_block() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page)]


def test_blocks_say_what_they_are_written_in() -> None:
    assert {block.language for block in every_block()} <= {"sh", "python", "text", "dockerfile"}
    for page in PAGES:
        assert re.findall(r"^    \S.*", outside(page), re.MULTILINE) == []
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    languages = {block.language for page in pages - set(PAGES) for block in blocks_of(page)}
    assert languages <= {"text"}, "commands and code stand in the pages that are run"


def test_blocks_that_are_not_run_say_why() -> None:
    assert Counter(block.why for block in every_block() if block.why) == NOT_RUN


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An S3 server whose bucket nobody else writes to."""
    with serving() as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        yield store


@pytest.fixture
def desk(corpus: Path, tmp_path: Path, bucket: Store) -> Path:
    """A folder with what a reader has: videos, a picture, a sound, and a bucket with a video."""
    (tmp_path / "videos").mkdir()
    for name, (clip, start, scale) in VIDEOS.items():
        cut = ("-ss", start, "-i", corpus / "clips" / clip, "-t", LENGTH_S, "-vf", scale)
        tone = () if "talk" in clip else ("-f", "lavfi", "-i", f"sine={300 + start}", "-shortest")
        ffmpeg(*cut[:4], *tone, *cut[4:], tmp_path / "videos" / name)
    (tmp_path / "videos" / "nobody.mp4").write_text("no video")
    shutil.copy(tmp_path / "videos" / "man.mp4", tmp_path / "clip.mp4")
    ffmpeg("-i", tmp_path / "clip.mp4", "-vn", tmp_path / "talk.wav")
    ffmpeg("-i", corpus / "images" / "img_11_man_full_body.png", tmp_path / "person.jpg")
    Place.at("s3://bucket").put("videos/man.mp4", tmp_path / "clip.mp4")
    write_commands(tmp_path)
    return tmp_path


def write_commands(desk: Path) -> None:
    """What a reader has on the path."""
    (desk / "bin").mkdir()
    for name in ("understudy", "make", "tensorboard"):
        command = desk / "bin" / name
        ask = " ".join(f'"{word}"' for word in (*asking(), "-m", "tests.docs.commands", name))
        command.write_text(f'#!/bin/sh\nexec {ask} "$@"\n')
        command.chmod(0o755)


def rejected_key(out: Path) -> str:
    """Key of some item that a data set has rejected, empty before there is one."""
    parts = sorted(out.glob("landings/*/rejects-*.parquet"))
    keys = [key for part in parts for key in pq.read_table(part)["key"].to_pylist()]
    return str(keys[0]) if keys else ""


def run(block: Block, desk: Path) -> str:
    """Run a block as a reader would; what it printed."""
    script = desk / f"block_{block.number}.{'py' if block.language == 'python' else 'sh'}"
    script.write_text(block.text)
    start = asking() if block.language == "python" else ("bash", "-euo", "pipefail")
    environment = os.environ | {
        "PATH": f"{desk / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KEY": rejected_key(desk / "OUT"),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(desk / "hub"),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [*start, script], cwd=desk, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, "\n".join((f"{block.page}: {block.text}", done.stdout, done.stderr))
    return done.stdout


def run_in_order(pages: Sequence[str], desk: Path) -> dict[str, str]:
    """What the blocks of some pages printed."""
    blocks = [block for page in pages for block in blocks_of(page)]
    runnable = [block for block in blocks if block.why is None and block.language in ("sh", "python")]
    printed = {block.text: run(block, desk) for block in runnable}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(runnable)} blocks, {used.ru_utime + used.ru_stime:.0f} s of processors")
    return printed


@pytest.mark.timeout(3000)
def test_blocks_from_videos_to_films_run_in_order(desk: Path) -> None:
    printed = run_in_order(FROM_VIDEOS, desk)
    text = "".join(printed.values())
    (curves,) = {line for line in text.splitlines() if "tensorboard --logdir" in line}
    (shown,) = (block for block in printed if block.startswith("tensorboard"))
    assert shown.split("    #")[0] in curves, "the address that train prints is the one that is opened"
    assert "loss " in printed[shown]
    assert (desk / "video.mp4").stat().st_size > 1000
    assert (desk / "spoken.mp4").stat().st_size > 1000


@pytest.mark.timeout(600)
def test_blocks_about_a_data_set_run_in_order(tmp_path: Path, made: Path) -> None:
    made.rename(tmp_path / "OUT")
    write_commands(tmp_path)
    printed = run_in_order([page for page in PAGES if page not in FROM_VIDEOS], tmp_path)
    assert len(printed) > 8
    assert (tmp_path / "REPORT" / "index.html").exists()
