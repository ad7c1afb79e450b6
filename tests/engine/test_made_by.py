"""What made a lap is told, and counts for nothing."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path

import pytest

from engine import ledger
from engine.ledger import Lap, Ledger
from engine.made_by import made_by, processor, version_of
from schemas.media import Source

CPUINFO = """processor\t: 0
model name\t: AMD EPYC 7763 64-Core Processor
flags\t\t: fpu sse4_2 fma avx avx2 sha_ni

processor\t: 1
model name\t: another
flags\t\t: avx512f
"""
LAP = Lap(leg="sources", name="000000", inputs="i", items=0, read=lambda ledger: ())


def test_a_processor_is_its_name_and_what_it_can() -> None:
    expected = {
        "processor": "AMD EPYC 7763 64-Core Processor",
        "instructions": ["sse4_2", "avx", "fma", "avx2"],
    }
    assert processor(CPUINFO) == expected
    assert processor("Features\t: fp asimd sve\n") == {"processor": "", "instructions": ["asimd", "sve"]}
    assert processor("") == {"processor": "", "instructions": []}


def test_versions_are_those_installed() -> None:
    result = made_by()
    assert (result["machine"], result["python"]) == (platform.machine(), platform.python_version())
    assert result["packages"]["numpy"] == version("numpy")
    assert version_of("no-such-package") is None


def test_a_marker_says_it_and_another_machines_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landings = Ledger(tmp_path)
    landed = landings.land(LAP, [], Source, [])
    marker = tmp_path / "landings" / "sources" / "part-000000.done"
    assert json.loads(marker.read_text())["made_by"] == made_by()
    monkeypatch.setattr(ledger, "made_by", lambda: {"processor": "another"})
    assert landings.land(LAP, [], Source, []) == landed
    assert json.loads(marker.read_text())["made_by"] == {"processor": "another"}
    assert landings.landed("sources", "000000") == landed
