"""Workers are hired for legs that have laps, and let go as soon as no leg needs them: without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from engine.leg import LegRunner
from engine.runners.order import LapOrder
from engine.runners.ray import pools as module
from engine.runners.ray.pools import Fleet, WorkerSpec
from engine.runners.settings import Timeouts
from tests.engine.runners.odd import house, listing

MACHINE = {"Alive": True, "Resources": {"CPU": 4.0, "GPU": 1.0, "memory": 2.0**33}}


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Ray of one machine that only takes note."""
    stand_in = MagicMock()
    stand_in.nodes.return_value = [MACHINE]
    monkeypatch.setattr(module, "ray", stand_in)
    return stand_in


def test_a_pool_closes_when_no_leg_needs_it_any_more(ray: Any, tmp_path: Path) -> None:
    legs = house(1, gpus=0.5)
    ledger = listing(tmp_path, *(f"/v/fine-{number}" for number in range(3)))
    chain = LapOrder(legs, ledger, ahead=9, unseal=lambda: None)
    equipment = WorkerSpec(kit=b"", patience=Timeouts(), shared=())
    with Fleet(legs, equipment, float, workers=None, gpu_workers=None) as fleet:
        gpu, cpu = fleet.pools
        fleet.staff(chain)
        assert (len(gpu.workers), len(cpu.workers)) == (2, 0)  # half a GPU each; nothing to follow yet
        options = ray.remote.return_value.return_value.options
        assert options.call_args.kwargs == {"num_cpus": 1.0, "num_gpus": 0.5, "memory": 2**20}
        assert ray.kill.call_count == 0
        crew = LegRunner(legs[0], float, lambda _, stage: stage)
        while (lap := chain.take(gpu.legs)) is not None:
            chain.landed(lap, crew.run(lap, ledger, lambda _: None))
        fleet.staff(chain)
        assert (gpu.closed, len(gpu.workers), ray.kill.call_count) == (True, 0, 2)
        assert (cpu.closed, len(cpu.workers)) == (False, 3)
    assert ray.kill.call_count == 5
