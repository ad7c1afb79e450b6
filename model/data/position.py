"""Where training stands in the endless row of slots: one small record, of no rank and no worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

VERSION = 1
MOST = 2**40
"""Epochs, and slots of an epoch, beyond all trainings."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """The first slot that nobody has trained on yet; all before it are done."""

    order: str  # digest of what fixes the order: index, settings, seed
    epoch: int = 0
    slot: int = 0  # of the epoch

    def as_state(self) -> dict[str, Any]:
        """The record as a checkpoint holds it."""
        return {"version": VERSION, "order": self.order, "epoch": self.epoch, "slot": self.slot}


def from_state(state: dict[str, Any], order: str, *, new_epoch: bool) -> Position:
    """The position that a checkpoint holds, for a loader of this order.

    With `new_epoch`, a position of another order is the beginning of the epoch after its own.

    Raises:
        ValueError: it belongs to another order or another version, and means nothing here.
    """
    if state.get("version") != VERSION:
        raise ValueError(f"loader state of version {state.get('version')!r}; this code reads {VERSION}")
    epoch, slot = state.get("epoch"), state.get("slot")
    if not (isinstance(epoch, int) and isinstance(slot, int) and 0 <= epoch < MOST and 0 <= slot < MOST):
        raise ValueError(f"the loader state tells no position: epoch {epoch!r}, slot {slot!r}")
    if state.get("order") != order:
        if new_epoch:
            return Position(order=order, epoch=epoch + 1)
        raise ValueError(
            "the loader state belongs to another order: the index, the settings of the order or the seed "
            "have changed, so its position means nothing here; --new-epoch goes on with the next epoch"
        )
    return Position(order=order, epoch=epoch, slot=slot)


def advance(position: Position, slots: int, slots_of: Callable[[int], int]) -> Position:
    """The position `slots` further on; `slots_of` says how many slots an epoch has, at least one."""
    epoch, slot = position.epoch, position.slot + slots
    while slot >= slots_of(epoch):
        slot -= slots_of(epoch)
        epoch += 1
    return Position(order=position.order, epoch=epoch, slot=slot)


def slots_of_rank(
    position: Position, rank: int, world_size: int, slots_of: Callable[[int], int]
) -> Iterator[Position]:
    """Without end, the slot of one rank in each step: rank r has the r-th slot from where the step begins.

    The last slots of an epoch share a step with the first of the next, so no step is short and nothing is
    left over, whatever the number of ranks.
    """
    position = advance(position, rank, slots_of)
    while True:
        yield position
        position = advance(position, world_size, slots_of)


def slots_left(position: Position, epochs: int, slots_of: Callable[[int], int]) -> int:
    """Slots from the position to the end of the first `epochs` epochs."""
    return sum(slots_of(epoch) for epoch in range(position.epoch, epochs)) - (
        position.slot if position.epoch < epochs else 0
    )
