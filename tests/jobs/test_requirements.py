"""What a training asks for before it begins: public weights, and memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from jobs.cli import main
from jobs.recipes import requirements
from jobs.recipes.requirements import refuse_without_memory, refuse_without_weights
from jobs.recipes.training import RECIPES
from model.planning.room import free_of, standing_bytes
from model.train.distributed import DistributedContext

ROOT = Path(__file__).resolve().parents[2]
MEMINFO = "MemTotal:  16 kB\nMemAvailable:    1024 kB\n"


def test_a_recipe_on_public_weights_asks_for_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["train", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--recipe", "wan_1b"]
    assert main(args) == 2
    output = capsys.readouterr().err
    assert "give --settings.base and --settings.vae (docs/weights.md says where they are had)" in output
    assert "--from-nothing" in output
    assert not (tmp_path / "run").exists()
    settings = replace(RECIPES["wan_1b"](), base=Path("b"), vae=Path("v"))
    refuse_without_weights("wan_1b", settings)
    refuse_without_weights("tiny", RECIPES["tiny"]())
    assert (ROOT / "docs" / "weights.md").exists()


def test_memory_is_asked_for_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny, large = RECIPES["tiny"](), RECIPES["wan_1b"]()
    assert standing_bytes(tiny, 1) < 2**28
    assert standing_bytes(large, 1) > standing_bytes(large, 8) > 2**31
    monkeypatch.setattr(requirements, "free_bytes", lambda device: 2**30)
    seat = DistributedContext(device=torch.device("cpu"), rank=0, world_size=1)
    refuse_without_memory(tiny, seat)
    with pytest.raises(ValueError, match=r"take \d+\.\d GiB of cpu, and 1\.0 GiB are free: "):
        refuse_without_memory(large, seat)


def test_what_is_free_is_what_machine_and_container_allow() -> None:
    assert free_of(MEMINFO, "max\n", "5\n") == 2**20
    assert free_of(MEMINFO, "1000\n", "400\n") == 600
    assert free_of(MEMINFO, "100\n", "400\n") == 0
    assert free_of("", "", "") is None
