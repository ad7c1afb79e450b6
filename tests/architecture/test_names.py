"""One meaning a name: no class is defined twice, and words that the field has others for do not come back."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.architecture.floors import FLOORS, ROOT

GONE = {  # by the word that took its place
    "trade": "role",
    "stock": "samples, a SamplingTable",
    "lots": "chances",
    "chance": "rng",
    "deal": "epoch_order",
    "cues": "context",
    "noised": "noisy",
    "lesson": "inputs",
    "exam": "validator",
    "seat": "context",
    "solving": "settings",
    "handed_over": "first_frame_share",
    "warm_up": "warmup_steps",
    "codecs": "autoencoders",
    "exhibit": "sample",
    "beacon": "heartbeat",
    "acting": "people",
    "acts": "drives",
    "eyes": "reader",
    "refer": "PickReferences",
    "enlisted": "new files",
    "Watch": "RunObserver, TrainObserver",
    "Watches": "observers",
    "Everyone": "observers",
    "Terminal": "ConsoleProgress",
    "Silence": "NullObserver",
    "Beat": "StepMetrics",
    "Lesson": "Inputs",
    "Exam": "Validator",
    "Cues": "Context",
    "Standing": "TrainState",
    "Entered": "ActivePhase",
    "Talk": "SpeechInputs",
    "Solving": "SamplerSettings",
    "Look": "PictureStats, ValidationResult",
    "Crew": "LegRunner",
    "Desk": "InlineStatus",
    "Spot": "CurrentItem",
    "Sight": "WorkerState",
    "Lane": "LegProgress",
    "Hired": "WorkerHandle",
    "Kit": "WorkerSpec",
    "Patience": "Timeouts",
    "Cast": "PersonClips",
    "Refer": "PickReferences",
    "Exhibit": "CheckedSample",
    "Enlisted": "what a listing found",
}

GONE_PARTS = {  # as a whole name, or as a part of one between underscores, in capitals or not
    "here": "position, left, local, present, FOLDER",
    "look": "appearance, stats, output; estimate, find, poll",
    "said": "raw, parsed, stored, message, note",
    "some": "batch, chunk, samples, mask; what they are",
    "there": "right, exists, free, present",
    "told": "text, values, stated, line",
    "way": "distance, direction, change",
}
STORED = {  # spelled as what lies on disk, what `--json` prints and what a user types have them
    "here": {"jobs/commands/compare.py"},
    "look": {
        "jobs/animation/people.py",
        "pipeline/stages/screen.py",
        "pipeline/stages/split.py",
        "schemas/media.py",
    },
    "look_every_frames": {"pipeline/flow.py", "pipeline/stages/estimate.py"},
    "only_here": {
        "dataset/compare.py",
        "jobs/audits/against.py",
        "jobs/audits/against_page.py",
        "jobs/commands/audit.py",
        "jobs/commands/compare.py",
    },
    "told": {"jobs/commands/status.py", "jobs/console/lock.py"},
}
STORED |= {"there": STORED["here"], "only_there": STORED["only_here"]}


def files() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def test_no_class_name_has_two_meanings() -> None:
    places = defaultdict(list)
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.relative_to(ROOT).as_posix())
    assert len(places) > 300
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def names_in(tree: ast.Module) -> Iterator[str]:
    """What a module names, in the braces of its f-strings too; no plain string."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant):
            for _, field in ast.iter_fields(node):
                texts = field if isinstance(field, list) else [field]
                yield from (name for text in texts if isinstance(text, str) for name in text.split("."))


@cache
def names() -> frozenset[tuple[str, str]]:
    """Every name in the code of the floors and of the benchmarks, each with its file."""
    return frozenset(
        (path.relative_to(ROOT).as_posix(), name)
        for path in (*files(), *sorted((ROOT / "benchmarks").rglob("*.py")))
        for name in names_in(ast.parse(path.read_text()))
    )


def test_old_words_do_not_come_back() -> None:
    assert {(file, name) for file, name in names() if name in GONE} == set()


def test_words_that_say_nothing_are_no_part_of_a_name() -> None:
    found = defaultdict(set)
    for file, name in names():
        if not GONE_PARTS.keys().isdisjoint(name.lower().split("_")):
            found[name].add(file)
    assert found == STORED
