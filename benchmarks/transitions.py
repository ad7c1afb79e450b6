"""Transitions made of real clips, and the clips as they are: what our finders, TransNet V2 and both see.

    python -m benchmarks.transitions FOLDER [CORPUS]

What is measured of each film is kept in FOLDER, and not measured again. It needs the file that
`understudy weights --transitions` fetches, and writes TRANSITIONS.md.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from numpy.typing import NDArray

from benchmarks.machine import machine, table_lines
from benchmarks.shot_cuts import SHARED, labels
from media.pictures import small_pictures
from pipeline.estimators.packaged_network import network_in
from pipeline.estimators.transnet.packaged import TRANSITION_NETWORK
from pipeline.estimators.transnet.transitions import WITHIN, boundaries
from pipeline.estimators.transnet.weights import loaded
from pipeline.estimators.transnet.windows import SlidingWindows
from pipeline.shots.scan import SplitSettings, at, of_stretches, scan
from pipeline.stages.corpus import Corpus, list_corpus
from pipeline.stages.probe import Probe, ProbeSettings
from pipeline.stages.split import SCAN_HEIGHT_PX
from schemas.media import Listed

PAIRS = (
    ("talk_01_man_green_backdrop.mp4", "full_06_yoga.mp4"),
    ("half_04_tv_host.mp4", "talk_04_woman_head_tilts.mp4"),
    ("full_01_football_juggle.mp4", "full_07_kids_song_dance.mp4"),
    ("half_01_sign_again.mkv", "half_02_sign_book.mkv"),
)
"""Those of the last are of one room."""
KINDS = (
    *("fade", "fadeblack", "dissolve", "circleopen", "smoothleft"),
    *("wipeleft", "wipedown", "radial", "slideleft"),
)
LENGTHS_S = (0.4, 1.0)
FPS, BEFORE_S = 25, 2
"""Pictures a second, and seconds of a shot before a transition, as after it."""
WIDTH, HEIGHT = 640, 360
LEAST = 0.5
"""The network's probability."""
OUT = Path(__file__).with_name("TRANSITIONS.md")

Pictures = Iterable[tuple[Fraction, NDArray[np.uint8]]]
Found = dict[str, Any]
"""Of a film: `single`, `many` (n,) of the network, `cut`, `mixed` (n,) of ours; `network_s`, `ours_s`."""
Marks = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Pictures that begin a shot, and those of gradual transitions."""


def main(folder: Path, corpus: Path) -> None:
    """Write the tables."""
    network = network_in(TRANSITION_NETWORK, loaded)
    folder.mkdir(parents=True, exist_ok=True)

    def measured(name: str, pictures: Callable[[], Pictures]) -> Found:
        path = folder / f"{name}.npz"
        if not path.is_file():
            np.savez(path, **measure(SlidingWindows(network), pictures()))
        with np.load(path) as file:
            return dict(file)

    made = {
        (pair, kind, length_s): measured(
            f"{pair}_{kind}_{length_s}", partial(xfade, corpus / "clips", PAIRS[pair], kind, length_s)
        )
        for pair, kind, length_s in product(range(len(PAIRS)), KINDS, LENGTHS_S)
    }
    clips = {
        (name := Path(listed.uri).name): measured(name, partial(shown, listed))
        for listed in list_corpus(corpus / "clips")
    }
    truth = labels(corpus / "groundtruth" / "shot_cuts" / "shot_cuts.csv")
    write(
        table_lines(made_rows(made)), table_lines(clip_rows(clips, truth)), [*made.values(), *clips.values()]
    )


def xfade(
    clips: Path, pair: tuple[str, str], kind: str, length_s: float
) -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    """Pictures of a clip that becomes another one."""
    size = f"scale={WIDTH}:{HEIGHT},setsar=1,format=yuv420p"
    each = f"fps={FPS},{size},trim=duration={BEFORE_S + length_s},setpts=PTS-STARTPTS"
    made = f"xfade=transition={kind}:duration={length_s}:offset={BEFORE_S}"
    inputs = [word for name in pair for word in ("-i", str(clips / name))]
    command = (
        *(get_ffmpeg_exe(), "-v", "error", *inputs, "-filter_complex"),
        f"[0:v]{each}[a];[1:v]{each}[b];[a][b]{made},format=rgb24",
        *("-an", "-f", "rawvideo", "-"),
    )
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    for k, picture in enumerate(np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)):
        yield Fraction(k, FPS), picture


def shown(listed: Listed) -> Pictures:
    """Pictures of a clip of the corpus."""
    (source,) = Corpus()(listed)
    (video,) = Probe(ProbeSettings())(source)
    return small_pictures(video, max_height=SCAN_HEIGHT_PX)


def measure(windows: SlidingWindows, pictures: Pictures) -> Found:
    """What both see of a film, decoding counted as ours."""
    network_s = 0.0

    def judged() -> Pictures:
        nonlocal network_s
        for begin_s, picture in pictures:
            began = time.process_time()
            windows(picture)
            network_s += time.process_time() - began
            yield begin_s, picture

    began = time.process_time()
    found = scan(judged(), SplitSettings())
    ours_s, before = time.process_time() - began - network_s, time.process_time()
    single, many = windows.scores()
    network_s += time.process_time() - before
    seconds = {"network_s": np.array(network_s), "ours_s": np.array(ours_s)}
    return {"single": single, "many": many, "cut": found.is_cut, "mixed": found.is_mixed} | seconds


def marks(film: Found) -> tuple[Marks, Marks, Marks]:
    """What ours, the network and both find."""
    num = len(film["cut"])
    cuts, gradual = boundaries(film["single"] >= LEAST, film["many"] >= WITHIN * LEAST)
    ours, theirs = (film["cut"], film["mixed"]), (at(cuts, num), of_stretches(gradual, num))
    return ours, theirs, (ours[0] | theirs[0], ours[1] | theirs[1])


def made_rows(made: dict[tuple[int, str, float], Found]) -> list[tuple[str, ...]]:
    """By kind: transitions that are found, the share of their pictures that is marked, others that are."""
    heads = (
        "transition",
        "of",
        "found: ours",
        "network",
        "both",
        "pictures: ours",
        "network",
        "both",
        "pictures too many: ours",
        "network",
        "both",
    )
    rows: list[tuple[str, ...]] = [heads]
    for kind in (*KINDS, "all"):
        films = [key for key in made if kind in (key[1], "all")]
        parts = np.array([[judged(m, key[2]) for m in marks(made[key])] for key in films])  # (film, who, 3)
        found, share, over = parts[..., 0].sum(axis=0), parts[..., 1].mean(axis=0), parts[..., 2].mean(axis=0)
        rows.append(
            (
                kind,
                str(len(films)),
                *(f"{n:.0f}" for n in found),
                *(f"{part:.0%}" for part in share),
                *(f"{n:.1f}" for n in over),
            )
        )
    return rows


def judged(found: Marks, length_s: float) -> tuple[float, float, float]:
    """Whether a made transition is found, the share of its pictures that is marked, and how many others."""
    cut, mixed = found
    first, stop = BEFORE_S * FPS + 1, BEFORE_S * FPS + round(length_s * FPS)
    true = np.zeros(len(mixed), np.bool_)
    true[first:stop] = True
    parted = mixed[true].any() or cut[first : stop + 1].any()
    return float(parted), float(mixed[true].mean()), float(mixed[~true].sum())


def clip_rows(clips: dict[str, Found], truth: dict[str, set[int]]) -> list[tuple[str, ...]]:
    """By who finds them: cuts of clips, and pictures of transitions, of which the clips have none."""
    rows: list[tuple[str, ...]] = [
        ("by", "cuts found", "missed", "invented", "pictures called transitions, by clip")
    ]
    for who, by in enumerate(("ours", "network", "both")):
        counts = np.zeros(3, np.int64)
        mixed = []
        for name, film in clips.items():
            cut, gradual = marks(film)[who]
            cuts, true = set(np.flatnonzero(cut).tolist()), truth.get(name, set())
            counts += [len(cuts & true), len(true - cuts), len(cuts - true)]
            mixed += [f"{name}: {gradual.sum()}"] if gradual.any() else []
        rows.append((by, *map(str, counts), "; ".join(mixed) or "none"))
    return rows


def write(made: list[str], clips: list[str], films: list[Found]) -> None:
    """Both tables, and what a picture costs."""
    pictures = sum(len(film["cut"]) for film in films)
    network_ms, ours_ms = (
        1000 * sum(float(film[who]) for film in films) / pictures for who in ("network_s", "ours_s")
    )
    lengths = " or ".join(map(str, LENGTHS_S))
    num_made = len(PAIRS) * len(KINDS) * len(LENGTHS_S)
    text = [
        "# Transitions",
        f"`python -m benchmarks.transitions FOLDER`, on {machine()}, {datetime.now(UTC).date()}.",
        f"{num_made} made by ffmpeg's xfade of {len(PAIRS)} pairs of clips, {lengths} s long, by our own "
        f"finders, by TransNet V2 at a probability of {LEAST}, and by both:",
        "\n".join(made),
        f"The {len(films) - num_made} clips of the corpus, which have no gradual transition:",
        "\n".join(clips),
        f"A picture takes the network {network_ms:.0f} ms of a processor, decoding and our finders "
        f"{ours_ms:.0f} ms.",
    ]
    OUT.write_text("\n\n".join(text) + "\n")
    print(OUT.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else SHARED / "corpus")
