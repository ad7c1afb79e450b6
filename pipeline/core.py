"""The contract of a stage, and the one loop that keeps account of every item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from schemas.outcome import Reject

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
A = TypeVar("A")
B = TypeVar("B")


class Rejected(Exception):
    """Unfit data: the item becomes a row of the rejects, under a fixed reason."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Stage(Protocol[In, Out]):
    """Turns one item into one or more items, or raises `Rejected`.

    Where the item is a group (it has `members`), the stage may give some members' rejects among its outputs;
    each member then leaves once, as an output or a reject of the member's key.
    """

    def __call__(self, item: In, /) -> Iterable[Out | Reject]: ...


@dataclass(frozen=True, kw_only=True)
class Step(Generic[A, B]):
    """A stage and where it wants to run. `make` is called once per worker."""

    name: str
    make: Callable[[], Stage[A, B]]
    takes: type[A]
    gives: type[B]
    cpus: float = 1.0
    gpus: float = 0.0
