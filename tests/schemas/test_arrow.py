"""Every record travels as Arrow and comes back the same."""

from __future__ import annotations

import inspect
import io
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from schemas import controls, index, media, outcome, sample, tracks
from schemas.arrays import Axes, array_spec
from schemas.arrow import decode, encode, field_types, schema_of
from schemas.base import record
from schemas.outcome import Reject
from schemas.tracks import HeadTrack, KeypointTrack

MODULES = (controls, index, media, outcome, sample, tracks)
RECORDS = sorted(
    {
        c
        for m in MODULES
        for _, c in inspect.getmembers(m, inspect.isclass)
        if is_dataclass(c) and c.__module__ == m.__name__
    },
    key=lambda c: c.__name__,
)
SIZES = {"t": 3, "k": 16, "m": 5, "n": 2, "d": 7, "f": 4, "r": 6, "b": 8, "q": 9, "s": 2}


def made(hint: Any, random: np.random.Generator, many: int) -> Any:
    """A value of an annotated type, other at every call; tuples and maps have `many` entries."""
    spec = array_spec(hint)
    if spec is not None:
        shape = [int(axis) if axis.isdigit() else SIZES[axis] * min(many, 1) for axis in spec.axes.names]
        return np.asarray(random.integers(0, 100, shape)).astype(spec.dtype)
    if is_dataclass(hint):
        cls: type = hint  # type: ignore[assignment]
        return cls(**{name: made(kind, random, many) for name, kind in field_types(cls).items()})
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return args[int(random.integers(len(args)))]
    if origin is tuple:
        return tuple(made(args[0], random, many) for _ in range(many))
    if origin is dict:
        return {f"entry {n}": made(args[1], random, many) for n in range(many)}
    if type(None) in args:
        return made(args[0], random, many) if many else None
    return hint(random.integers(100))


def assert_same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if is_dataclass(a):
        for field in fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, strict=True)
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, dict):
        assert_same(tuple(a.items()), tuple(b.items()))
    else:
        np.testing.assert_equal(a, b)


def test_all_records_are_looked_at():
    assert {"Controls", "Sample", "Tracked", "PersonClips", "ShardPlan", "IndexRow", "Reject", "Clip"} <= {
        c.__name__ for c in RECORDS
    }


@pytest.mark.parametrize("many", [0, 1, 2])
@pytest.mark.parametrize("cls", RECORDS, ids=lambda c: c.__name__)
def test_round_trip(cls, many):
    random = np.random.default_rng(many)
    given = [made(cls, random, many) for _ in range(3)]
    table = encode(given, cls)
    assert table.schema == schema_of(cls)
    for one, other in zip(given, decode(table, cls), strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("cls", RECORDS, ids=lambda c: c.__name__)
def test_round_trip_through_parquet(cls):
    given = made(cls, np.random.default_rng(0), 2)
    file = io.BytesIO()
    pq.write_table(encode([given], cls), file)
    (back,) = decode(pq.read_table(file), cls)
    assert_same(given, back)


def test_no_records_are_a_table_too():
    assert encode([], Reject).num_rows == 0
    assert decode(encode([], Reject), Reject) == []


def test_large_arrays_and_odd_layouts_travel():
    turned = np.asfortranarray(np.random.default_rng(0).normal(size=(200_000, 3, 3)).astype(np.float32))
    skipped = np.arange(400_000, dtype=np.float32)[::2]
    head = HeadTrack(
        rotation=turned, center=np.ones((200_000, 2), np.float32), radius=skipped, valid=skipped > 3
    )
    assert_same(head, decode(encode([head], HeadTrack), HeadTrack)[0])


def test_arrays_that_come_back_are_read_only():
    (back,) = decode(encode([made(KeypointTrack, np.random.default_rng(0), 2)], KeypointTrack), KeypointTrack)
    with pytest.raises(ValueError, match="read-only"):
        back.box[0] = 0


@record
class Odd:
    """Values that are easily bent on the way."""

    text: str
    number: float
    maybe: int | None
    reject: Reject | None
    order: dict[str, int]
    column: Annotated[NDArray[np.int64], Axes("n")]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.0, 0.1, 1e-310])
@pytest.mark.parametrize("maybe", [None, 0, -(2**63), 2**63 - 1])
def test_odd_values_travel(number, maybe):
    odd = Odd(
        text="päth/with\nlines \U0001f57a",
        number=number,
        maybe=maybe,
        reject=None if maybe is None else Reject(key="k", step="s", reason="r", detail="", uri="u"),
        order={"a": 1, "b": 2},
        column=np.array([2**60]),
    )
    (back,) = decode(encode([odd], Odd), Odd)
    assert_same(odd, back)
    assert np.signbit(back.number) == np.signbit(number)


def test_maps_come_back_in_the_order_of_their_keys():
    odd = Odd(
        text="", number=0.0, maybe=None, reject=None, order={"b": 2, "a": 1}, column=np.zeros(0, np.int64)
    )
    (back,) = decode(encode([odd], Odd), Odd)
    assert list(back.order.items()) == [("a", 1), ("b", 2)]
    assert encode([odd], Odd).equals(encode([back], Odd))


def test_a_record_of_another_class_is_refused():
    with pytest.raises(TypeError, match="expected Odd, got Reject"):
        encode([Reject(key="k", step="s", reason="r", detail="", uri="u")], Odd)


def test_a_field_without_an_arrow_form_is_refused():
    @record
    class Strange:
        value: complex

    with pytest.raises(TypeError, match="no Arrow form for <class 'complex'>"):
        schema_of(Strange)


def test_an_array_that_lost_bytes_is_not_read():
    table = encode([made(Odd, np.random.default_rng(0), 1)], Odd)
    row = table.to_pylist()[0]
    row["column"]["data"] = row["column"]["data"][:-8]
    with pytest.raises(ValueError, match="reshape"):
        decode(pa.Table.from_pylist([row], schema=table.schema), Odd)
