"""Records as Arrow tables and back: the wire between steps and the form of every landing.

The Arrow schema is derived from the record, so a record has one definition. An array travels as its shape and
its bytes; nested records are structs, tuples are lists, string-keyed dictionaries are maps.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa

from schemas.arrays import ArraySpec, array_spec

T = TypeVar("T")
SCALARS: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
ARRAY = pa.struct([("shape", pa.list_(pa.int32())), ("data", pa.large_binary())])


def encode(records: Iterable[Any], cls: type) -> pa.Table:
    """`records`, all of type `cls`, as a table with one row each.

    Raises:
        TypeError: a record of another class, or a field type that has no Arrow form.
    """
    rows = []
    for item in records:
        if type(item) is not cls:
            raise TypeError(f"expected {cls.__name__}, got {type(item).__name__}")
        rows.append(to_row(item))
    return pa.Table.from_pylist(rows, schema=schema_of(cls))


def decode(table: pa.Table, cls: type[T]) -> list[T]:
    """The records of a table that `encode` made; their arrays are read-only views."""
    return [from_row(row, cls) for row in table.to_pylist()]


def decode_fields(table: pa.Table, cls: type) -> list[dict[str, Any]]:
    """Of each row of a table, the fields of a record class that it has, by their names."""
    return [from_fields(row, cls) for row in table.to_pylist()]


@cache
def schema_of(cls: type) -> pa.Schema:
    """Arrow schema of a record class."""
    return pa.schema([pa.field(name, arrow_type(hint)) for name, hint in field_types(cls).items()])


@cache
def field_types(cls: type) -> dict[str, Any]:
    """Resolved annotations of a record's fields, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}


def arrow_type(hint: Any) -> pa.DataType:
    """Arrow type of one annotation."""
    if array_spec(hint) is not None:
        return ARRAY
    if hint in SCALARS:
        return SCALARS[hint]
    if is_dataclass(hint):
        return pa.struct(list(schema_of(hint)))  # type: ignore[arg-type]
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return pa.string()
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return pa.list_(arrow_type(args[0]))
    if origin is dict and args[0] is str:
        return pa.map_(pa.string(), arrow_type(args[1]))
    if origin in (Union, types.UnionType) and len(args) == 2 and type(None) in args:
        return arrow_type(args[0] if args[1] is type(None) else args[1])
    raise TypeError(f"no Arrow form for {hint!r}")


def to_row(item: Any) -> dict[str, Any]:
    """One record as plain Python values in the shape of its Arrow schema."""
    cls: type = type(item)
    return {name: to_value(getattr(item, name)) for name in field_types(cls)}


def to_value(value: Any) -> Any:
    """One field's value in Arrow's shape."""
    if isinstance(value, np.ndarray):
        return {"shape": value.shape, "data": value.tobytes()}
    if is_dataclass(value):
        return to_row(value)
    if isinstance(value, tuple):
        return [to_value(entry) for entry in value]
    if isinstance(value, dict):
        return [(name, to_value(value[name])) for name in sorted(value)]
    return value


def content_of(*items: Any) -> int:
    """64 bits of a sha256 over all that records hold, signed: the same wherever they are the same."""
    content = hashlib.sha256()
    for item in items:
        for part in bytes_of(to_value(item)):
            content.update(part)
    return int.from_bytes(content.digest()[:8], "big", signed=True)


def bytes_of(value: Any) -> Iterator[bytes]:
    """A value in Arrow's shape as bytes, each part closed off from the next."""
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, list | tuple):
        yield b"%d(" % len(value)
        for entry in value:
            yield from bytes_of(entry)
    else:
        data = value if isinstance(value, bytes) else repr(value).encode()
        yield b"%d:" % len(data)
        yield data


def from_row(row: dict[str, Any], cls: type[T]) -> T:
    """The record that `to_row` took apart.

    One of an older schema is read by its class's `upgraded`; fields that it had not have their defaults.
    """
    return cls(**from_fields(row, cls))


def from_fields(row: dict[str, Any], cls: Any) -> dict[str, Any]:
    """The fields of a record class that a row has, by their names."""
    row = cls.upgraded(row) if hasattr(cls, "upgraded") else row
    return {name: reader(row[name]) for name, reader in readers(cls).items() if name in row}


@cache
def readers(cls: type) -> dict[str, Callable[[Any], Any]]:
    """For each field of a record class, how its value is read back."""
    return {name: reader_of(hint) for name, hint in field_types(cls).items()}


def reader_of(hint: Any) -> Callable[[Any], Any]:
    """How a value of this annotation is read back."""
    spec = array_spec(hint)
    if spec is not None:
        return lambda value, spec=spec: to_array(value, spec)  # type: ignore[misc]
    if is_dataclass(hint):
        return lambda value: from_row(value, hint)  # type: ignore[arg-type]
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple:
        entry = reader_of(args[0])
        return lambda value: tuple(entry(part) for part in value)
    if origin is dict:
        entry = reader_of(args[1])
        return lambda value: {name: entry(part) for name, part in value}
    if origin in (Union, types.UnionType):
        inner = reader_of(args[0] if args[1] is type(None) else args[1])
        return lambda value: None if value is None else inner(value)
    return lambda value: value


def to_array(value: dict[str, Any], spec: ArraySpec) -> np.ndarray[Any, Any]:
    """An array from its shape and bytes."""
    return np.frombuffer(value["data"], dtype=spec.dtype).reshape(value["shape"])
