"""The loader against plain webdataset and against decoding alone, on the same windows of the same shards.

    python -m benchmarks.loader DATA_OR_CLIPS [TURNS]

Takes a data set, or makes one from four clips of a folder: portraits, a half and two whole figures.
Everything runs in one process on one thread, over all samples of one epoch; the contenders take turns, so
that a busy machine slows all of them. Plain webdataset reads the tars from front to back, decodes the same
windows, faces and one reference of each sample by the same functions, and puts them into a batch; it does not
check digests, draw maps, or know a position. Decoding alone has the members in memory.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import webdataset
from rich.console import Console

from benchmarks.machine import write_table
from dataset.index import read_index
from dataset.reader import Members, Reader
from dataset.sample_files import controls_of
from jobs.commands.curate import Curate, curate
from media.members import decode_still, decode_window
from model.data.batch import Pages
from model.data.epoch_order import Draw, OrderSettings, SamplingTable, epoch_order
from model.data.groups import AS_IT_IS, EVEN
from model.data.loader import Loader
from model.data.maps import maps_of
from model.data.reference_rule import ReferenceRule
from model.data.rng import words
from model.data.sampling_table import sampling_table
from model.data.settings import LoaderSettings, SampleSettings
from model.data.windows import WindowRule
from pipeline.flow import Curation
from pipeline.stages.corpus import CorpusSettings
from pipeline.stages.reference import ReferenceSettings
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import IndexRow
from schemas.sample import FACE, TRACKS, VIDEO, reference_member
from tests.stored import write_shards

FOLDER = Path(__file__).parent
SETTINGS = LoaderSettings(
    order=OrderSettings(groups=AS_IT_IS, max_dropped=1.0),
    sample=SampleSettings(references=ReferenceRule(max_references=1)),
    workers=0,
)
SHORT = replace(
    SETTINGS, order=replace(SETTINGS.order, window=WindowRule(max_frames=25), max_tokens=17_000, alike=1)
)
"""One window of 25 frames a batch: first batches then cost about the same."""

MANY = 10_000
WINDOW = 25
CLIPS = ("talk_04", "half_05", "full_04", "full_08")


def main(folder: Path, turns: int) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        data = folder if (folder / "index.parquet").exists() else made_from(folder, Path(scratch))
        write(str(data), turns)


def made_from(clips: Path, scratch: Path) -> Path:
    """A data set of some clips."""
    videos, out = scratch / "videos", scratch / "set"
    videos.mkdir()
    for path in sorted(clips.iterdir()):
        if path.name.startswith(CLIPS):
            (videos / path.name).symlink_to(path.resolve())
    how = Curation(reference=ReferenceSettings(allow_no_face=True))
    links = CorpusSettings(follow_links=True)
    curate(Curate(videos=videos, out=out, corpus=links, settings=how), Console(quiet=True))
    return out


def write(data: str, turns: int) -> None:
    """Measure, and write the table."""
    rows: list[tuple[str, ...]] = [("what", "", "", "")]
    for part in (speeds(data, turns), drawing(data), first_batches(data), dealing(), memory()):
        rows += [*part, ("", "", "", "")]
    write_table(
        FOLDER / "LOADER.md",
        "Speed and memory of the loader",
        f"python -m benchmarks.loader CLIPS {turns}",
        rows[:-1],
        "One process, one thread. Speeds are medians over all turns.",
    )


def speeds(data: str, turns: int) -> list[tuple[str, ...]]:
    """Samples and frames a second of each contender."""
    index, reader = read_index(data), Reader(data, verify=False)
    epoch = epoch_order(sampling_table(index, AS_IT_IS), SETTINGS.order, SETTINGS.seed, 0)
    draws = [draw for slot in range(len(epoch)) for draw in epoch.slot(slot)]
    pairs = [(index.row(draw.row), draw) for draw in draws]
    stored = [reader.read(row) for row, _ in pairs]
    contenders: dict[str, Callable[[], int]] = {
        "decoding alone": lambda: light(pairs, stored),
        "plain webdataset": lambda: plain(data, pairs),
        "this loader, its maps drawn": lambda: drawn(data),
        "this loader": lambda: ours(data, SETTINGS),
        "this loader, digests unchecked": lambda: ours(data, replace(SETTINGS, verify=False)),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _, (name, run) in itertools.product(range(turns), contenders.items()):
        began = time.perf_counter()
        assert run() == len(pairs)
        times[name].append(time.perf_counter() - began)
    frames = sum(draw.frames for draw in draws)
    took = {name: statistics.median(durations) for name, durations in times.items()}
    against = took["plain webdataset"]
    return [
        (
            name,
            f"{len(pairs) / s:.2f} samples/s",
            f"{frames / s:.1f} frames/s",
            f"{against / s:.1%} of webdataset",
        )
        for name, s in took.items()
    ]


def decoded(row: IndexRow, members: Members, draw: Draw) -> None:
    """Decode into new memory what every contender decodes."""
    page = Pages(1, draw.frames, row.height, row.width, shared=False).next_page()
    decode_window(VIDEO, members[VIDEO], row.frames, draw.start, page.video)
    decode_window(FACE, members[FACE], row.frames, draw.start, page.face)
    decode_still("reference", members[reference_member(0)], page.references[0])


def light(pairs: list[tuple[IndexRow, Draw]], stored: list[Members]) -> int:
    """Decode samples whose members are in memory."""
    for (row, draw), members in zip(pairs, stored, strict=True):
        decoded(row, members, draw)
    return len(pairs)


def plain(data: str, pairs: list[tuple[IndexRow, Draw]]) -> int:
    """Webdataset with a decoder, from the first tar to the last."""
    wanted = {row.key: (row, draw) for row, draw in pairs}
    urls = sorted({f"{data}/{row.shard}" for row, _ in pairs})
    samples = webdataset.WebDataset(urls, shardshuffle=False, empty_check=False)
    for sample in samples:
        row, draw = wanted[sample["__key__"]]
        decoded(row, sample, draw)
    return len(wanted)


def ours(data: str, settings: LoaderSettings) -> int:
    """The loader, over one epoch."""
    return sum(len(batch) for batch in Loader(data, replace(settings, epochs=1)))


def drawn(data: str) -> int:
    """The loader, and the maps of every batch drawn here, where a network on this processor would."""
    batches = Loader(data, replace(SETTINGS, epochs=1))
    return sum(len(maps_of(batch).skeleton) for batch in batches)


def drawing(data: str) -> list[tuple[str, ...]]:
    """Milliseconds of a frame's maps and of its decoding, by framing, into memory that is there already."""
    index, reader = read_index(data), Reader(data, verify=False)
    draw_s, decode_s, framing = [], [], []
    for number in range(len(index)):
        row = index.row(number)
        members = reader.read(row)
        controls = controls_of(row, members[TRACKS])
        frames = min(row.frames, WINDOW)
        pages = [np.full((frames, row.height, row.width, 3), 1, np.uint8) for _ in range(3)]
        began = time.perf_counter()
        draw_skeleton(controls, row.width, row.height, slice(0, frames), pages[0])
        draw_spheres(controls, row.width, row.height, slice(0, frames), pages[1])
        drawn = time.perf_counter()
        decode_window(VIDEO, members[VIDEO], row.frames, 0, pages[2])
        draw_s.append((drawn - began) / frames)
        decode_s.append((time.perf_counter() - drawn) / frames)
        framing.append(row.framing)
    found: list[tuple[str, ...]] = []
    for name in sorted(set(framing)):
        mask = np.array([one == name for one in framing])
        maps_ms, video_ms = (1e3 * np.mean(np.array(times)[mask]) for times in (draw_s, decode_s))
        share = f"{maps_ms / video_ms:.1%} of decoding"
        found.append(
            (f"maps of a frame, {name}", f"draw {maps_ms:.2f} ms", f"decode {video_ms:.2f} ms", share)
        )
    return found


def first_batches(data: str) -> list[tuple[str, ...]]:
    """Seconds from nothing to the first batch, at the start and later."""
    slots = Loader(data, SHORT).order.slots_of(0)
    places = {"a fresh start": (0, 0), "half an epoch done": (0, slots // 2), "1000 epochs done": (1_000, 0)}
    times: dict[str, list[float]] = {name: [] for name in places}
    for turn, (name, (epoch, slot)) in itertools.product(range(15), places.items()):
        began = time.perf_counter()
        loader = Loader(data, replace(SHORT, seed=turn))
        loader.load_state_dict({**loader.state_dict(), "epoch": epoch, "slot": slot})
        next(iter(loader))
        times[name].append(time.perf_counter() - began)
    took = {name: statistics.median(durations) for name, durations in times.items()}
    fresh = took["a fresh start"]
    return [
        (f"first batch, {n}", f"{1e3 * s:.0f} ms", "", f"{s / fresh:.1%} of a fresh start's")
        for n, s in took.items()
    ]


def dealing() -> list[tuple[str, ...]]:
    """Seconds of dealing an epoch of 500 hours, early and late."""
    count = 600_000
    rows = np.arange(count)
    rng = np.random.default_rng(0)
    canvas = np.array([(592, 1040), (1040, 592), (784, 784), (640, 960)])[rows // 64 % 4]
    samples = SamplingTable(
        digest="synthetic",
        ident=words(count, "benchmark"),
        shard=rows // 64,
        width=canvas[:, 0],
        height=canvas[:, 1],
        frames=rng.integers(25, 241, count),
        references=np.full(count, 4),
        group=rng.integers(2, size=count),
        data_set=np.zeros(count, np.int64),
    )
    found: list[tuple[str, ...]] = []
    for epoch in (0, 1_000):
        began = time.perf_counter()
        epoch_order(samples, OrderSettings(groups=EVEN), 0, epoch)
        took = f"{time.perf_counter() - began:.2f} s"
        found.append((f"deal epoch {epoch} of {count} samples", took, "", ""))
    return found


def memory() -> list[tuple[str, ...]]:
    """Resident memory of a process that reads on and on, MiB."""
    with tempfile.TemporaryDirectory() as scratch:
        out, videos = Path(scratch) / "set", Path(scratch) / "videos"
        videos.mkdir()
        write_shards(out, videos)
        deal_settings = replace(SETTINGS.order, max_tokens=1_500)
        count = 0
        seen: dict[int, float] = {}
        for batch in Loader(str(out), replace(SETTINGS, order=deal_settings)):
            count += len(batch)
            seen.setdefault(count // 1_000, resident_mib())
            if count >= MANY:
                break
    message = ", ".join(f"{seen[thousand]:.0f}" for thousand in sorted(seen)[1:])
    return [(f"memory over {MANY} small samples, after each 1000", f"{message} MiB", "", "")]


def resident_mib() -> float:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
