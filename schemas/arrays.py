"""Named axes: what an array field of a record must look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True)
class Axes:
    """Names or sizes of the axes of an array, first to last: `Axes("t 22 3")`."""

    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """One entry an axis: a name, or a size as digits."""
        return tuple(self.text.split())


@dataclass(frozen=True)
class ArraySpec:
    """Element type and axes of one array field."""

    dtype: np.dtype[Any]
    axes: Axes


def array_specs(cls: Any) -> dict[str, ArraySpec]:
    """Array fields of a record class, by field name."""
    return _array_specs(cls)


@cache
def _array_specs(cls: Any) -> dict[str, ArraySpec]:
    hints = get_type_hints(cls, include_extras=True)
    specs = {field.name: array_spec(hints[field.name]) for field in fields(cls)}
    return {name: spec for name, spec in specs.items() if spec is not None}


def taken(record: T, rows: NDArray[Any]) -> T:
    """A record with some rows of its arrays, by numbers or a mask, where all have the same first axis."""
    arrays = {name: getattr(record, name)[rows] for name in array_specs(type(record))}
    return replace(record, **arrays)  # type: ignore[type-var]


def joined(records: Sequence[T]) -> T:
    """Records one after the other as one; fields that are no arrays are the first one's."""
    arrays = {
        name: np.concatenate([getattr(record, name) for record in records])
        for name in array_specs(type(records[0]))
    }
    return replace(records[0], **arrays)  # type: ignore[type-var]


def array_spec(hint: Any) -> ArraySpec | None:
    """The spec inside `Annotated[NDArray[dtype], Axes(...)]`, None for any other annotation."""
    if get_origin(hint) is not Annotated:
        return None
    array, *extras = get_args(hint)
    axes = next((extra for extra in extras if isinstance(extra, Axes)), None)
    if axes is None:
        return None
    dtype = get_args(get_args(array)[1])[0]  # NDArray[x] is ndarray[shape, dtype[x]]
    return ArraySpec(np.dtype(dtype), axes)


def check_arrays(instance: Any) -> None:
    """Check every array of a record against its axes and make it read-only.

    Raises:
        ValueError: wrong element type, rank or size, or one axis name with two sizes.
    """
    cls: type = type(instance)
    sizes: dict[str, tuple[int, str]] = {}
    for name, spec in array_specs(cls).items():
        value = getattr(instance, name)
        where = f"{cls.__name__}.{name}"
        if not isinstance(value, np.ndarray) or value.dtype != spec.dtype:
            found = f"one of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
            raise ValueError(f"{where}: expected an array of {spec.dtype}, got {found}")
        if value.ndim != len(spec.axes.names):
            raise ValueError(f"{where}: expected axes ({spec.axes.text}), got shape {value.shape}")
        for axis, size in zip(spec.axes.names, value.shape, strict=True):
            expected, first = (
                (int(axis), "the record") if axis.isdigit() else sizes.setdefault(axis, (size, where))
            )
            if size != expected:
                raise ValueError(f"{where}: axis {axis!r} has size {size}, {first} says {expected}")
        if value.flags.writeable:
            frozen = value.view()
            frozen.flags.writeable = False
            object.__setattr__(instance, name, frozen)
