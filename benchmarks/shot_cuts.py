"""Shot cuts of every clip of the corpus against the labels: found, missed, invented, and how fast.

python -m benchmarks.shot_cuts
"""

from __future__ import annotations

import csv
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from pipeline.shots.scan import SplitSettings
from pipeline.stages.corpus import Corpus, list_corpus
from pipeline.stages.probe import Probe, ProbeSettings
from pipeline.stages.split import scan_pictures
from schemas.media import Listed

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED", Path(__file__).parents[2] / "shared"))


@dataclass(frozen=True)
class Row:
    """One clip: pictures that begin a shot."""

    clip: str
    num_pictures: int
    found: list[int]
    missed: list[int]
    invented: list[int]
    seconds: float

    def cells(self) -> str:
        """Its line of the table."""
        cuts = (", ".join(map(str, part)) or "-" for part in (self.found, self.missed, self.invented))
        return " | ".join(
            (self.clip, str(self.num_pictures), *cuts, f"{self.num_pictures / self.seconds:.0f}")
        )


def main(corpus: Path = SHARED / "corpus") -> None:
    """Print the table.

    Args:
        corpus: folder with `clips/` and `groundtruth/`.
    """
    truth = labels(corpus / "groundtruth" / "shot_cuts" / "shot_cuts.csv")
    print("| clip | pictures | found | missed | invented | pictures/s |\n|---|---|---|---|---|---|")
    rows = []
    for listed in list_corpus(corpus / "clips"):
        rows.append(measure(listed, truth.get(Path(listed.uri).name, set())))
        print(f"| {rows[-1].cells()} |")
    parts = zip(*((row.found, row.missed, row.invented) for row in rows), strict=True)
    counts = [sum(map(len, part)) for part in parts]
    pictures, seconds = sum(row.num_pictures for row in rows), sum(row.seconds for row in rows)
    print(f"| all | {pictures} | {' | '.join(map(str, counts))} | {pictures / seconds:.0f} |")


def labels(path: Path) -> dict[str, set[int]]:
    """Pictures that begin a new shot, by clip."""
    truth: dict[str, set[int]] = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            truth.setdefault(row["clip"], set()).add(int(row["first_frame_of_new_shot_0based"]))
    return truth


def measure(listed: Listed, true: set[int]) -> Row:
    """What is found in one clip, decoding included in the time."""
    (source,) = Corpus()(listed)
    (video,) = Probe(ProbeSettings())(source)
    began = time.perf_counter()
    scan = scan_pictures(video, SplitSettings())
    seconds = time.perf_counter() - began
    cuts = set(np.flatnonzero(scan.is_cut).tolist())
    return Row(
        clip=Path(listed.uri).name,
        num_pictures=len(scan.tick),
        found=sorted(cuts & true),
        missed=sorted(true - cuts),
        invented=sorted(cuts - true),
        seconds=seconds,
    )


if __name__ == "__main__":
    tyro.cli(main)
