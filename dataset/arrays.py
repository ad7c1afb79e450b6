"""Named arrays as the bytes of an `.npz` file and back: the same bytes every time, and nothing trusted."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from schemas.outcome import DamagedError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Earliest date that a zip can hold; `numpy.savez` would write the time of day."""

MAX_HEADER_BYTES = 10_000
FAULTS = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError)
"""What `zipfile` raises on damaged, unknown or encrypted entries."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays, in the order of their names, uncompressed; `numpy.load(allow_pickle=False)` reads them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(arrays):
            one = io.BytesIO()
            npy.write_array(one, np.asarray(arrays[name], order="C"), version=(1, 0), allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), one.getvalue())
    return packed.getvalue()


def unpack(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file, which must be uncompressed: they need no more memory than `data`.

    Raises:
        DamagedError: no zip, a compressed entry, an array of objects, or a size that the bytes do not have.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            entries = file.infolist()
            return {entry.filename.removesuffix(".npy"): unpack_one(file, entry) for entry in entries}
    except FAULTS as error:
        raise DamagedError(f"no readable zip: {error}") from error


def unpack_one(file: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """The array of one entry."""
    if entry.compress_type != zipfile.ZIP_STORED or not entry.filename.endswith(".npy"):
        raise DamagedError(f"{entry.filename!r} is not an uncompressed .npy")
    body = io.BytesIO(file.read(entry))
    try:
        version = npy.read_magic(body)
        shape, fortran, dtype = npy.read_array_header_1_0(body, max_header_size=MAX_HEADER_BYTES)
    except ValueError as error:
        raise DamagedError(f"{entry.filename}: {error}") from error
    if dtype.hasobject:
        raise DamagedError(f"{entry.filename}: pickled objects")
    if version != (1, 0) or fortran:
        raise DamagedError(f"{entry.filename}: version {version} in {'Fortran' if fortran else 'C'} order")
    rest = body.read()
    if math.prod(shape) * dtype.itemsize != len(rest):
        raise DamagedError(f"{entry.filename}: {len(rest)} bytes for {dtype} of shape {shape}")
    return np.frombuffer(rest, dtype).reshape(shape)
