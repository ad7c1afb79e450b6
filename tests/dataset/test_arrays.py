"""Packed arrays come back, are read by numpy, and nothing in a stranger's file is trusted."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from dataset.arrays import pack, unpack
from schemas.outcome import DamagedError

ARRAYS = {
    "joints": np.arange(24, dtype=np.float32).reshape(2, 4, 3),
    "valid": np.array([True, False]),
    "focal": np.array(7.5, np.float32),
    "nothing": np.zeros((0, 3), np.float32),
}


def test_arrays_come_back_and_numpy_reads_the_same() -> None:
    with np.load(io.BytesIO(pack(ARRAYS)), allow_pickle=False) as loaded:
        for found in (unpack(pack(ARRAYS)), dict(loaded)):
            assert found.keys() == ARRAYS.keys()
            for name, array in ARRAYS.items():
                np.testing.assert_array_equal(found[name], array, strict=True)


def test_bytes_depend_on_values_alone() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert pack({"b": ARRAYS["valid"], "a": np.asfortranarray(array)}) == pack(
        {"a": array, "b": ARRAYS["valid"]}
    )


def saved(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def compressed() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(10_000_000, np.uint8))
    return file.getvalue()


def zipped(name: str, body: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, body)
    return file.getvalue()


def boasting() -> bytes:
    """A header that promises more than the memory of any machine."""
    body = io.BytesIO()
    np.save(body, np.zeros((2, 8), np.float32))
    return zipped("a.npy", body.getvalue().replace(b"(2, 8)", b"(9" + b"9" * 12 + b", 8)"))


class Bomb:
    """What must never be unpickled."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[int]]:
        return (pytest.exit, (1,))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no readable zip"),
        (pack(ARRAYS)[:-30], "no readable zip"),
        (pack(ARRAYS)[:50] + b"\xff" + pack(ARRAYS)[51:], r"a\.npy|focal|magic|zip|CRC"),
        (saved(a=np.array([Bomb()], object)), "pickled objects"),
        (zipped("a.npy", pickle.dumps({"a": 1})), r"a\.npy: .*magic"),
        (zipped("a.txt", b"text"), "not an uncompressed"),
        (compressed(), "not an uncompressed"),
        (boasting(), "bytes for float32 of shape"),
        (saved(a=np.asfortranarray(np.ones((2, 3)))), "Fortran order"),
    ],
    ids=["empty", "cut", "flipped", "objects", "pickle", "text", "bomb", "boast", "fortran"],
)
def test_damage_is_named(data: bytes, words: str) -> None:
    with pytest.raises(DamagedError, match=words):
        unpack(data)
