"""Where the tests of the house look."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("schemas", "storage", "media", "dataset", "engine", "pipeline", "model", "jobs")
FOLDERS = (*FLOORS, "tests", "benchmarks")
