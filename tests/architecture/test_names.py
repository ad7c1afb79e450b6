"""One meaning a name: no class is defined twice, and words that the field has others for do not come back."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict
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


def test_old_words_do_not_come_back() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), token.string)
        for path in files()
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        if token.type == tokenize.NAME and token.string in GONE
    }
    assert found == set()
