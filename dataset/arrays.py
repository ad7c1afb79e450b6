"""Named arrays as the bytes of an `.npz` file and back: the same bytes every time, and nothing trusted.

Both formats are read here by their few fields, and not by `zipfile` and `numpy.lib.format`: those evaluate
text of the file, take memory by its numbers, and raise whatever comes up.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from schemas.outcome import DamagedError
from storage.place import Place

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Earliest date that a zip can hold; `numpy.savez` would write the time of day."""

END = struct.Struct("<4s4H2LH")
"""The end of a zip: entries in numbers 2 and 3, size and place of their list in 5 and 6."""
ENTRY = struct.Struct("<4s6H3L5H2L")
"""An entry of that list: flags, method in 3, 4; checksum, sizes in 7 to 9; lengths of texts in 10 to 12."""
LOCAL = struct.Struct("<4s5H3L2H")
"""What stands before an entry's bytes: lengths of texts in the last two."""
MAX_ENTRIES = 64

MAGIC = b"\x93NUMPY\x01\x00"
HEADER = re.compile(
    rb"\{'descr': '(?P<descr>[<>|=]?[a-zA-Z][0-9]{0,2})', 'fortran_order': (?P<fortran>False|True), "
    rb"'shape': \((?P<shape>(?:[0-9]{1,10}(?:, [0-9]{1,10}){0,7},?)?)\), \} *\n"
)
"""What numpy writes of an array of plain numbers, to the letter."""
DTYPES = {np.dtype(name).str: np.dtype(name) for name in "?bBhHiIqQefd"}
"""Types of elements that are read, all little-endian."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays, in the order of their names, uncompressed; `numpy.load(allow_pickle=False)` reads them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(arrays):
            one = io.BytesIO()
            npy.write_array(one, np.asarray(arrays[name], order="C"), version=(1, 0), allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), one.getvalue())
    return packed.getvalue()


def unpack_file(path: Path, most_bytes: int, *, any_order: bool = False) -> dict[str, NDArray[Any]]:
    """The arrays of a file of at most so many bytes: see `unpack`.

    Raises:
        DamagedError: as `unpack`.
        ValueError: it is larger, or no plain file.
        OSError: it cannot be read.
    """
    place, name = Place.holding(str(path.absolute()))
    data = place.read(name, size=most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"more than {most_bytes} bytes")
    return unpack(data, any_order=any_order)


def unpack(data: bytes, *, any_order: bool = False) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file, which must be uncompressed: they need no more memory than `data`.

    In C order; with `any_order` in Fortran's too.

    Raises:
        DamagedError: no zip, a name twice, an entry that is compressed or no plain array, or sizes that the
            bytes do not have.
    """
    arrays: dict[str, NDArray[Any]] = {}
    left = len(data)
    for name, body in entries_in(data):
        stem = name.removesuffix(".npy")
        left -= len(body)
        if stem == name or stem in arrays or left < 0:
            raise DamagedError(f"{name[:99]!r} is no .npy, is there twice, or lies over others")
        try:
            arrays[stem] = plain_array(body, any_order=any_order)
        except DamagedError as error:
            raise DamagedError(f"{name[:99]!r}: {error}") from error
    return arrays


def entries_in(data: bytes) -> Iterator[tuple[str, memoryview]]:
    """Name and bytes of each entry of an uncompressed zip, as its list has them; views of `data`.

    Raises:
        DamagedError: no such zip, or a checksum differs.
    """
    whole = memoryview(data)
    try:
        sign, _, _, _, count, size, start, comment = END.unpack(whole[-END.size :])
        if sign != b"PK\5\6" or comment or start + size != len(data) - END.size or count > MAX_ENTRIES:
            raise DamagedError(f"no readable zip of up to {MAX_ENTRIES} entries")
        at = start
        for _ in range(count):
            fields = ENTRY.unpack_from(whole, at)
            text = at + ENTRY.size
            name = str(whole[text : text + fields[10]], "utf-8", "backslashreplace")
            yield name, entry(whole, name, fields)
            at = text + sum(fields[10:13])
    except struct.error as error:
        raise DamagedError(f"no readable zip: {error}") from error


def entry(whole: memoryview, name: str, fields: tuple[Any, ...]) -> memoryview:
    """The bytes of an entry of the list.

    Raises:
        DamagedError: they are compressed, encrypted, elsewhere, or others.
    """
    sign, flags, method, checksum, packed, size = fields[0], fields[3], fields[4], *fields[7:10]
    if sign != b"PK\1\2" or flags & 1 or method != zipfile.ZIP_STORED or packed != size:
        raise DamagedError(f"{name[:99]!r} is not uncompressed and plain")
    local = LOCAL.unpack_from(whole, fields[-1])
    start = fields[-1] + LOCAL.size + sum(local[-2:])
    body = whole[start : start + size]
    if local[0] != b"PK\3\4" or len(body) != size or zlib.crc32(body) != checksum:
        raise DamagedError(f"{name[:99]!r}: its bytes are not those that the zip lists")
    return body


def plain_array(data: bytes | memoryview, *, any_order: bool = False) -> NDArray[Any]:
    """The array of a `.npy` file, of numbers or booleans, in C order or, if so asked, in any; a copy.

    Raises:
        DamagedError: it holds something else, or has another size than its header says.
    """
    body = memoryview(data)
    length = int.from_bytes(body[len(MAGIC) : len(MAGIC) + 2], "little")
    start = len(MAGIC) + 2 + length
    header = HEADER.fullmatch(body[len(MAGIC) + 2 : start])
    if body[: len(MAGIC)] != MAGIC or header is None:
        raise DamagedError("no header of a plain array of .npy version 1")
    dtype = DTYPES.get(header["descr"].decode())
    fortran = header["fortran"] == b"True"
    if dtype is None or (fortran and not any_order):
        raise DamagedError(f"elements of type {header['descr'].decode()}, or in Fortran order, are not read")
    shape = tuple(int(size) for size in header["shape"].split(b",") if size)
    if math.prod(shape) * dtype.itemsize != len(body) - start:
        raise DamagedError(f"{len(body) - start} bytes for {dtype} of shape {shape}")
    array = np.empty(shape, dtype, order="F" if fortran else "C")
    array.reshape(-1, order="A").view(np.uint8)[...] = np.frombuffer(body[start:], np.uint8)
    return array
