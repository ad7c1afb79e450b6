"""The one way to declare a record: frozen, slotted, keyword only, arrays checked at birth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

from schemas.arrays import check_arrays

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[T]) -> type[T]:
    """`cls` as a frozen dataclass whose annotated arrays are checked and made read-only at birth.

    An array field is written `Annotated[NDArray[np.float32], Axes("t 22 3")]`: the named axes must agree
    in size across the whole record, numbers must match exactly.

    Raises (at birth of an instance):
        ValueError: an array has the wrong type, rank or size; the message prints both sides.
    """
    checks: list[Callable[[Any], None]] = [check_arrays]
    own = cls.__dict__.get("__post_init__")
    if own is not None:
        checks.append(own)

    def __post_init__(self: Any) -> None:
        for check in checks:
            check(self)

    cls.__post_init__ = __post_init__  # type: ignore[attr-defined]
    return dataclass(frozen=True, slots=True, kw_only=True, eq=False)(cls)
