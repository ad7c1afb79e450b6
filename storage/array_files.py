"""Files of named arrays that others wrote, pickles among them: body models and heads. Nothing in them is run.

Old files hold arrays of chumpy and sparse matrices of scipy inside of a pickle. Classes that are not known
become dicts of what they held, and the numbers are taken out of these.
"""

from __future__ import annotations

import collections
import pickle
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from storage.torch_files import Inert, cause_of

Array = NDArray[Any]
MAX_BYTES = 4 * 2**30
"""Largest file that is read."""
ARRAY_FILE = b"\x93NUMPY"


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """Some of the arrays of a `.npz`, a `.pkl`, or a `.npy` that holds a dict, dense, in this order.

    Raises:
        ValueError: no such file, another kind, too large, or lacks one of the arrays; nothing in it was run.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: larger than {MAX_BYTES / 2**30:.0f} GiB, which no file of arrays is")
    try:
        content = zipped(path, names) if zipfile.is_zipfile(path) else pickled(path)
        arrays = {name: numbers(content[name]) for name in names if name in content}
    except Exception as broken:  # a stranger's file may break the reader anywhere
        raise ValueError(f"{path}: cannot be read as arrays by name ({cause_of(broken)})") from broken
    lacking = [name for name in names if name not in arrays]
    if lacking:
        raise ValueError(f"{path}: holds no array {', '.join(lacking)}")
    return arrays


def zipped(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Those of the arrays that a `.npz` holds.

    Raises:
        ValueError: one is unpacked larger than any file may be, or holds objects.
    """
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise ValueError("unpacked it is larger than any file of arrays")
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in names if name in stored.files}


def pickled(path: Path) -> dict[str, Any]:
    """The dict of a pickle, or of the pickle in a `.npy`.

    Raises:
        ValueError: it holds something else.
    """
    with path.open("rb") as file:
        if file.read(len(ARRAY_FILE)) == ARRAY_FILE:
            content = behind_header(file)
        else:
            file.seek(0)
            content = ArrayUnpickler(file, encoding="latin1").load()
    if isinstance(content, np.ndarray) and content.dtype == object and content.ndim == 0:
        content = content.item()
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not arrays by name")  # noqa: TRY004
    return content


def behind_header(file: BinaryIO) -> Any:
    """What is pickled in a `.npy` whose first bytes are read."""
    version = file.read(2)[0]
    file.seek(int.from_bytes(file.read(2 if version == 1 else 4), "little"), 1)
    return ArrayUnpickler(file, encoding="latin1").load()


def numbers(value: Any) -> Array:
    """The array that a value is or stands for.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, Inert):
        return dense(value) if "indptr" in value else held(value)
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"an array of {array.dtype}, not of numbers")
    return array


def held(value: Inert) -> Array:
    """What an array of chumpy holds: its numbers, or some numbers of another."""
    if "x" in value:
        return numbers(value["x"])
    chosen = numbers(value["a"]).ravel()[np.asarray(value["idxs"], np.intp)]
    return chosen.reshape(tuple(value["preferred_shape"]))


def dense(value: Inert) -> Array:
    """A sparse matrix, written out."""
    kind = scipy.sparse.csc_matrix if "csc" in type(value).__name__ else scipy.sparse.csr_matrix
    shape = tuple(int(side) for side in value.get("_shape", value.get("shape", ())))
    if len(shape) != 2 or shape[0] * shape[1] * 8 > MAX_BYTES:
        raise ValueError("a sparse matrix of no size")
    return np.asarray(kind((value["data"], value["indices"], value["indptr"]), shape=shape).todense())


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler that makes arrays and containers, and dicts of all else."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """The allowed thing of that name, or a stand-in."""
        return ALLOWED.get((module_name, global_name)) or type(global_name, (Inert,), {})


def blank(*_: object) -> Array:
    """An array that is about to be filled."""
    return np.empty(0)


def scalar(kind: np.dtype[Any], data: bytes | str) -> Any:
    """One number out of its bytes."""
    return np.frombuffer(data.encode("latin1") if isinstance(data, str) else data, kind)[0]


def rebuilt(kind: type, *_: object) -> Any:
    """An object of an unknown class, before what it held.

    Raises:
        ValueError: its class is a known one.
    """
    if not issubclass(kind, Inert):
        raise ValueError(f"a {kind.__name__} out of nothing")  # noqa: TRY004
    return kind()


def encoded(text: str, _: str = "latin1") -> bytes:
    """Bytes that were written as text."""
    return text.encode("latin1")


OURS: dict[str, Callable[..., Any]] = {"_reconstruct": blank, "scalar": scalar}
ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("copy_reg", "_reconstructor"): rebuilt,
    ("copyreg", "_reconstructor"): rebuilt,
    ("_codecs", "encode"): encoded,
    **{(f"numpy.{core}.multiarray", name): made for core in ("core", "_core") for name, made in OURS.items()},
    **{
        (module, kind.__name__): kind
        for module in ("builtins", "__builtin__")
        for kind in (object, dict, list, tuple, set, slice, float, int, bool, str)
    },
}
"""All that a pickle may name."""
