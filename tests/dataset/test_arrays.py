"""Packed arrays come back, are read by numpy, and nothing in a stranger's file is trusted."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from dataset.arrays import pack, unpack
from schemas.outcome import DamagedError
from tests.mutants import mutant

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


def twice() -> bytes:
    """Two entries of one name."""
    return pack({"a": ARRAYS["focal"], "b": ARRAYS["focal"]}).replace(b"b.npy", b"a.npy")


class Bomb:
    """What must never be unpickled."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[int]]:
        return (pytest.exit, (1,))


def headed(header: str, body: bytes = bytes(64)) -> bytes:
    """An array whose header is this text."""
    text = f"{header}\n".encode()
    return zipped("a.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body)


def described(descr: str, shape: str = "(16,)") -> bytes:
    return headed(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}")


def overlapping() -> bytes:
    """Sixty entries of the same bytes."""
    data = pack({"a": np.zeros(100_000, np.uint8)})
    end = data.index(b"PK\1\2")
    entry, zeros = data[end:-22], data[-22:]
    entries = b"".join(entry.replace(b"a.npy", bytes([33 + number]) + b".npy") for number in range(60))
    size = struct.pack("<HHLL", 60, 60, len(entries), end)
    return data[:end] + entries + zeros[:8] + size + b"\0\0"


def encrypted() -> bytes:
    data = bytearray(pack(ARRAYS))
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


DAMAGED = {
    "empty": (b"", "no readable zip"),
    "cut": (pack(ARRAYS)[:-30], "no readable zip"),
    "flipped": (pack(ARRAYS)[:200] + b"\xff" + pack(ARRAYS)[201:], "not those that the zip lists"),
    "more": (pack(ARRAYS) + b"x", "no readable zip"),
    "objects": (saved(a=np.array([Bomb()], object)), r"elements of type \|O"),
    "pickle": (zipped("a.npy", pickle.dumps({"a": 1})), r"a\.npy': no header"),
    "text": (zipped("a.txt", b"text"), r"'a\.txt' is no \.npy"),
    "twice": (twice(), "is there twice"),
    "bomb": (compressed(), "not uncompressed"),
    "encrypted": (encrypted(), "not uncompressed and plain"),
    "overlapping": (overlapping(), "lies over others"),
    "many": (pack({f"{number}": np.zeros(1) for number in range(65)}), "up to 64 entries"),
    "boast": (boasting(), "no header of a plain array|bytes for float32 of shape"),
    "large": (described("'<f4'", "(1000000000, 1000000000)"), "64 bytes for float32 of shape"),
    "long": (described("'<f4'", "(" + "1, " * 9 + "16)"), "no header"),
    "negative": (described("'<f4'", "(-16,)"), "no header"),
    "commas": (described("'<f4,<f4'"), "no header"),
    "nested": (described("(" * 3000), "no header"),
    "structured": (described("[('a', '<f4')]"), "no header"),
    "dates": (described("'<M8'"), "elements of type <M8"),
    "foreign": (headed("{'descr': '<f3', 'fortran_order': False, 'shape': (16,), }"), "elements of type <f3"),
    "big-endian": (described("'>f4'"), "elements of type >f4"),
    "fortran": (saved(a=np.asfortranarray(np.ones((2, 3)))), "Fortran order"),
    "version 2": (zipped("a.npy", b"\x93NUMPY\x02\x00\x01\x00\x00\x00\n"), "no header"),
    "no length": (zipped("a.npy", b"\x93NUMPY\x01\x00"), "no header"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(name: str) -> None:
    data, words = DAMAGED[name]
    with pytest.raises(DamagedError, match=words):
        unpack(data)


@pytest.mark.parametrize("name", ["tracks_descr_commas", "tracks_header_minus_9000"])
def test_headers_of_strangers_are_named(shared: Path, name: str) -> None:
    with pytest.raises(DamagedError, match="no header of a plain array"):
        unpack((shared / f"cases/hostile/{name}.npz").read_bytes())


def test_what_numpy_saves_is_read() -> None:
    for name, array in unpack(saved(**ARRAYS)).items():
        np.testing.assert_array_equal(array, ARRAYS[name], strict=True)
        assert array.flags.aligned


def test_another_order_is_read_where_it_is_asked_for() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = unpack(saved(a=np.asfortranarray(array), b=array), any_order=True)
    for one in found.values():
        np.testing.assert_array_equal(one, array, strict=True)


def test_mutants_are_read_or_named() -> None:
    data = pack(ARRAYS)
    for seed in range(200):
        with suppress(DamagedError):
            unpack(mutant("tracks.npz", data, seed))
