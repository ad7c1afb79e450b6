"""What became of a file of the corpus, in a few words: for the table in `test_corpus.py`.

python -m tests.house.fates CLIPS_FOLDER    # prints the table anew, to be looked at before it is believed
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dataset.tombstones import NOBODY
from engine.core import Step, Tally, apply
from pipeline.flow import Curation, control, corpus, estimate, one_person, probe, screen, split
from pipeline.stages.acquaint import acquaint
from pipeline.stages.corpus import list_corpus
from schemas.media import Clip
from schemas.outcome import Reject

ENOUGH = 60
"""Kept frames of a file after which no more of its clips are estimated. All would take half an hour."""
LOOKED_AT = 2
"""Most clips of a file that are estimated: the first that pass the screen."""


class Fates:
    """The steps up to the controls, with their weights loaded once."""

    def __init__(self) -> None:
        run = Curation()
        cheap: list[Step[Any, Any]] = [corpus(NOBODY), probe(run), split(run), screen(run)]
        costly: list[Step[Any, Any]] = [one_person(run), control(run)]
        self.cheap = [(step, step.make()) for step in cheap]
        self.seeing: list[tuple[Step[Any, Any], Any]] = [(estimate(run), estimate(run).make())]
        self.costly = [(step, step.make()) for step in costly]

    def of(self, path: Path) -> list[str]:
        """What the first steps dropped, which clips passed, and what the first of these became.

        A clip is "first frame + length", with its framing once it is estimated, or "first frame reason".
        """
        told, clips = self.cut(path)
        return [*told, *self.estimated(clips)]

    def cut(self, path: Path) -> tuple[list[str], list[Clip]]:
        """What the steps before the estimators dropped and which clips passed, and these clips."""
        offered = [listed for listed in list_corpus(path.parent) if listed.uri == str(path.resolve())]
        outcomes = list(self.through(self.cheap, offered))
        dropped = [fate_of(outcome) for outcome in outcomes if isinstance(outcome, Reject)]
        clips = [outcome for outcome in outcomes if not isinstance(outcome, Reject)]
        passed = " ".join(f"{clip.first_frame}+{clip.num_frames}" for clip in clips)
        return [*dropped, f"clips {passed}" if passed else "no clips"], clips

    def estimated(self, clips: Sequence[Clip]) -> Iterator[str]:
        """What the first clips became."""
        kept = 0
        for clip in clips[:LOOKED_AT]:
            if kept < ENOUGH:
                seen = list(self.through(self.seeing, [clip]))
                dropped = [outcome for outcome in seen if isinstance(outcome, Reject)]
                known = acquaint(outcome for outcome in seen if not isinstance(outcome, Reject))
                for outcome in self.through(self.costly, [*dropped, *known]):
                    kept += 0 if isinstance(outcome, Reject) else outcome.clip.num_frames
                    yield fate_of(outcome)

    def through(self, steps: list[tuple[Step[Any, Any], Any]], items: Any) -> Iterator[Any]:
        """The items through some steps."""
        for step, phase in steps:
            items = apply(step, phase, items, Tally(step=step.name), clock=lambda: 0.0)
        yield from items


def fate_of(outcome: Any) -> str:
    """One outcome in words."""
    place = outcome.key.split("-")[1:2]
    if isinstance(outcome, Reject):
        return " ".join([*(str(int(first)) for first in place), outcome.reason])
    return f"{int(place[0])}+{outcome.clip.num_frames} {outcome.framing}"


if __name__ == "__main__":
    fates = Fates()
    for file in sorted(Path(sys.argv[1]).iterdir()):
        print(f'    "{file.name}": {fates.of(file)!r},', flush=True)
