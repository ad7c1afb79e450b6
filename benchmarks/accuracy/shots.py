"""Shot cuts of every clip of the corpus against the labels."""

from __future__ import annotations

from pathlib import Path

from benchmarks.accuracy.table import Row
from benchmarks.shot_cuts import labels
from benchmarks.shot_cuts import measure as measure_clip
from pipeline.stages.corpus import list_corpus


def measure(corpus: Path) -> list[Row]:
    """How many of the labelled cuts are missed, and how many that nobody labelled are found."""
    truth = labels(corpus / "groundtruth" / "shot_cuts" / "shot_cuts.csv")
    clips = [measure_clip(one, truth.get(Path(one.uri).name, set())) for one in list_corpus(corpus / "clips")]
    found = sum(len(clip.found) for clip in clips)
    missed = [f"{clip.clip} {number}" for clip in clips for number in clip.missed]
    invented = [f"{clip.clip} {number}" for clip in clips for number in clip.invented]
    where = f"shot_cuts, all {len(clips)} clips"
    return [
        Row(
            part="shots",
            data=where,
            measure=what,
            value=len(wrong),
            goal=0,
            found=found,
            of=found + len(missed),
            note=", ".join(wrong),
        )
        for what, wrong in (("cuts missed", missed), ("cuts invented", invented))
    ]
