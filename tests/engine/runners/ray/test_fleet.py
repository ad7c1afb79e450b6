"""Workers are hired for legs that have laps, and go when others need their place: without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from engine.leg import LegRunner
from engine.runners.order import LapOrder
from engine.runners.ray import fleet as module
from engine.runners.ray.fleet import IDLE_S, Fleet, Pool
from engine.runners.ray.pools import Limits
from engine.runners.ray.worker import WorkerSpec
from engine.runners.settings import Timeouts
from tests.cluster import meeting
from tests.engine.runners.odd import house, listing

EQUIPMENT = WorkerSpec(kit=b"", patience=Timeouts(), shared=())
FREE = Limits(workers=None, gpu_workers=None)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Ray of one machine that only takes note."""
    stand_in = MagicMock()
    monkeypatch.setattr(module, "ray", stand_in)
    return stand_in


def of_machine(ray: Any, cpus: float, gpus: float = 0.0) -> None:
    has = {"CPU": cpus, "GPU": gpus, "memory": 2.0**34}
    ray.nodes.return_value = [{"Alive": True, "Resources": has}]


def place(fleet: Fleet) -> None:
    """All that were hired have their places."""
    for _, worker in fleet.workers:
        worker.coming = None


def do(order: LapOrder, fleet: Fleet, pool: Pool, most: int = 99) -> None:
    """Workers of a pool bring so many laps to their end."""
    for worker in [worker for worker in pool.workers if worker.lap is not None][:most]:
        assert worker.lap is not None
        leg = order.states[worker.lap.leg].leg
        order.landed(
            worker.lap, LegRunner(leg, float, lambda _, stage: stage).run(worker.lap, order.ledger, note)
        )
        worker.lap = worker.work = None
        worker.since = fleet.clock()


def note(_: object) -> None: ...


def counts(fleet: Fleet) -> dict[str, int]:
    return {min(pool.kind.legs): len(pool.workers) for pool in fleet.pools}


def test_a_kind_goes_when_its_legs_are_over_and_its_cores_serve_the_next(ray: Any, tmp_path: Path) -> None:
    """Half a GPU each; its processors are kept for them, and then are not."""
    of_machine(ray, cpus=4, gpus=1)
    ledger = listing(tmp_path, *(f"/v/fine-{number}" for number in range(2)))
    legs = house(1, gpus=0.5)
    order = LapOrder(legs, ledger, ahead=9, unseal=lambda: None)
    with Fleet(legs, EQUIPMENT, float, FREE) as fleet:
        fleet.staff(order)
        assert counts(fleet) == {"sources": 2, "groups": 0}
        options = ray.remote.return_value.return_value.options
        assert options.call_args.kwargs == {"num_cpus": 1.0, "num_gpus": 0.5, "memory": 2**30}
        place(fleet)
        fleet.staff(order)
        do(order, fleet, fleet.pools[0])
        fleet.staff(order)
        assert (counts(fleet), ray.kill.call_count) == ({"sources": 0, "groups": 2}, 2)
        place(fleet)
        fleet.staff(order)
        last = fleet.pools[1].workers[0].actor.run.remote.call_args
        assert last.args[1] == frozenset({"sources"}), "its stages go from whoever works on"
    assert ray.kill.call_count == 4


def test_who_has_had_nothing_to_do_goes_after_a_while_or_once_nobody_works(ray: Any, tmp_path: Path) -> None:
    """One core for two kinds that take turns: a, which c is of too, and b."""
    of_machine(ray, cpus=2)
    ledger, clock = listing(tmp_path / "set", f"{tmp_path}/fine-1", f"{tmp_path}/fine-2"), Clock()
    for leg in "abc":
        (tmp_path / f"{leg}-other").touch()  # who meets here has met already
        (tmp_path / f"{leg}-another").touch()
    legs = meeting.house("one", "two", "one")
    order = LapOrder(legs, ledger, ahead=9, unseal=lambda: None)
    with Fleet(legs, EQUIPMENT, clock, FREE) as fleet:
        fleet.staff(order)
        place(fleet)
        fleet.staff(order)
        assert counts(fleet) == {"a": 2, "b": 0}
        do(order, fleet, fleet.pools[0], most=1)
        clock.now += 2 * IDLE_S
        fleet.staff(order)
        assert counts(fleet) == {"a": 2, "b": 0}, "nobody needs its place"
        do(order, fleet, fleet.pools[0])
        fleet.staff(order)
        assert counts(fleet) == {"a": 0, "b": 2}, "nobody works, so nothing comes for them"
        place(fleet)
        fleet.staff(order)
        do(order, fleet, fleet.pools[1])
        fleet.staff(order)
        assert counts(fleet) == {"a": 2, "b": 0}
        assert order.states["b"].over
