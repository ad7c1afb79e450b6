"""Which tars change where two real videos come to a set of thirty, and where one leaves.

    python -m benchmarks.living CLIPS_FOLDER [SECONDS]

Of each clip the first seconds, as they are in the file; the embedded estimators; small tars, so that there
are many. A tar is touched where the set before or after has none of its name, and that is right where a
sample of its own came or left, or of a tar that it was parted from or joined with.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import imageio_ffmpeg
from rich.console import Console

from benchmarks.machine import write_table
from dataset.index import read_index
from jobs.cli import main as understudy
from jobs.commands.curate import Curate, curate
from pipeline.flow import Curation
from pipeline.stages.control import ControlSettings
from pipeline.stages.screen import ScreenSettings

CLIPS = 30
COMING = ("half_04_tv_host.mp4", "talk_04_woman_head_tilts.mp4")
LEAVING = "talk_01_man_green_backdrop.mp4"
SECONDS = "2"
Tars = Mapping[str, tuple[str, frozenset[str]]]
"""Digest of the bytes, and the keys, of each tar of an index, by its name."""


def main(clips: Path, seconds: str) -> None:
    run = Curation(
        control=ControlSettings(canvas_area=153_600),
        screen=ScreenSettings(min_source_share=0.2),
        samples_per_shard=3,
    )
    rows: list[tuple[str, ...]] = [
        ("change", "videos", "samples", "tars", "touched", "gone", "touched without reason", "others' bytes")
    ]
    with tempfile.TemporaryDirectory() as scratch:
        videos, out = Path(scratch) / "videos", Path(scratch) / "set"
        videos.mkdir()
        names = [path.name for path in sorted(clips.iterdir()) if path.name not in COMING]
        begin(clips, names[:CLIPS], videos, seconds)
        make(videos, out, run)
        first = tars_of(out)
        rows.append(row("made", CLIPS, {}, first))
        begin(clips, COMING, videos, seconds)
        make(videos, out, run)
        grown = tars_of(out)
        rows.append(row(f"{len(COMING)} come", CLIPS + len(COMING), first, grown))
        left = ["forget", str(out), "--source", str(videos / LEAVING), "--why", "asked"]
        if understudy(left) or understudy(["check", str(out)]):
            raise SystemExit("somebody could not leave")
        rows.append(row("1 leaves", CLIPS + len(COMING) - 1, grown, tars_of(out)))
    good = all(cells[-2:] == ("0", "0") for cells in rows[2:])
    write_table(
        Path(__file__).with_name("LIVING.md"),
        "A set of real clips that grows, and that somebody leaves",
        f"python -m benchmarks.living CLIPS_FOLDER {seconds}",
        rows,
        f"Goal: only touched tars change bytes. {'Reached' if good else 'Not reached'}; `check` is content.",
        f"Measured on {date.today()}.",
    )
    if not good:
        raise SystemExit(1)


def begin(clips: Path, names: list[str] | tuple[str, ...], videos: Path, seconds: str) -> None:
    """The first seconds of some clips, packets as they are; whole where a container cannot be cut so."""
    for name in names:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", clips / name, "-t", seconds]
        done = subprocess.run([*command, "-map", "0:v:0", "-c", "copy", videos / name], check=False)
        if done.returncode:
            shutil.copy(clips / name, videos / name)


def make(videos: Path, out: Path, run: Curation) -> None:
    """Make the set, or bring it up."""
    if curate(Curate(videos=videos, out=out, settings=run), Console(quiet=True)):
        raise SystemExit(f"{out}: not made")


def tars_of(out: Path) -> Tars:
    """The tars of a set."""
    keys: dict[str, set[str]] = {}
    for sample in read_index(out).rows():
        keys.setdefault(sample.shard, set()).add(sample.key)
    return {
        name: (hashlib.sha256((out / name).read_bytes()).hexdigest(), frozenset(held))
        for name, held in keys.items()
    }


def row(change: str, videos: int, before: Tars, after: Tars) -> tuple[str, ...]:
    """What a change did to the tars."""
    touched, gone = after.keys() - before.keys(), before.keys() - after.keys()
    others = sum(before[name] != after[name] for name in after.keys() & before.keys())
    samples = sum(len(keys) for _, keys in after.values())
    facts = (videos, samples, len(after), len(touched), len(gone), unreasoned(before, after), others)
    return (change, *map(str, facts))


def unreasoned(before: Tars, after: Tars) -> int:
    """Tars that came or went though no sample did in them, nor in those that share samples with them."""
    was, now = (frozenset[str]().union(*(keys for _, keys in tars.values())) for tars in (before, after))
    changed = {name: keys for tars in (before, after) for name, (_, keys) in tars.items()}
    changed = {name: changed[name] for name in before.keys() ^ after.keys()}
    reached = set(was ^ now)
    while more := [keys for keys in changed.values() if keys & reached and not keys <= reached]:
        reached |= frozenset().union(*more)
    return sum(not keys & reached for keys in changed.values())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if sys.argv[2:] else SECONDS)
