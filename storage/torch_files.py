"""Checkpoints of PyTorch, those of strangers too: read without running their code, bounded before unpacking.

A pickle can call any function it names. So `torch.load(weights_only=True)` goes first; files that hold more
than weights, such as those of Lightning with its settings, go through an unpickler that knows a short list of
names and turns every other one into an inert dict. Before both, what a file says of its parts is held against
its size.
"""

from __future__ import annotations

import collections
import io
import os
import pickle
import struct
import types
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch

ZIP = b"PK\3\4"
BEFORE_ZIP = b"l\xfc\x9cF\xf9 j\xa8P\x19"
"""What PyTorch before 1.6 began with, a number in a pickle."""
END = struct.Struct("<4s4H2LH")
"""The end of a zip: bytes of the list of its entries in number 5, of a comment in the last."""
LARGE_END = struct.Struct("<4sQ2H2L4Q")
"""The same of a large one: bytes of the list in number 8."""
LOCATOR = struct.Struct("<4sLQL")
"""Between both: where the latter begins, in number 2."""
MAX_LIST_BYTES = 2**25
"""Largest list of entries: hundreds of thousands of tensors."""
MAX_PICKLE_BYTES = 64 * 2**20
"""Largest part of a file that describes its tensors."""

REBUILD = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter")
DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch", "Size"): torch.Size,
    ("torch", "device"): torch.device,
    ("torch.storage", "UntypedStorage"): torch.storage.UntypedStorage,
    **{("torch._utils", name): getattr(torch._utils, name) for name in REBUILD},  # noqa: SLF001
    **{("torch", name): getattr(torch, name) for name in DTYPES},
    **{
        (module, kind.__name__): kind
        for module in ("builtins", "__builtin__")
        for kind in (dict, list, tuple, set, frozenset, slice, complex, float, int, bool, str)
    },
}
"""All that a pickle may name; whole modules are never let in, nor what takes memory by the number (bytes)."""


class Inert(dict[Any, Any]):
    """What stands for an object of an unknown class: its state stays readable, nothing of it runs."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.update(state)


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that looks names up in `ALLOWED` and nowhere else."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """The allowed thing of that name, or a stand-in."""
        return ALLOWED.get((module_name, global_name)) or type(global_name, (Inert,), {})


RESTRICTED = types.ModuleType("restricted_pickle", "What torch.load wants of a pickle module.")
RESTRICTED.__dict__.update(
    {name: getattr(pickle, name) for name in ("UnpicklingError", "HIGHEST_PROTOCOL")},
    Unpickler=RestrictedUnpickler,
    load=lambda file, **options: RestrictedUnpickler(file, **options).load(),
)


def read_torch(file: Path) -> Any:
    """Content of a PyTorch checkpoint, on the processor; objects beside tensors are dicts.

    Raises:
        ValueError: it is none, is compressed, or has sizes that no honest file has; nothing in it was run.
    """
    with file.open("rb") as opened:
        first = opened.read(64)
        zipped = first.startswith(ZIP)
        if not zipped and BEFORE_ZIP not in first:
            raise ValueError(f"{file}: not a checkpoint of PyTorch")
        if zipped:
            refuse_archive(file, opened)
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as broken:  # a stranger's file may break the reader anywhere
        if not zipped:
            raise ValueError(
                f"{file}: not a checkpoint that can be read safely ({cause_of(broken)})"
            ) from broken
    try:
        return torch.load(file, map_location="cpu", weights_only=False, pickle_module=RESTRICTED, mmap=True)
    except Exception as broken:  # as above
        raise ValueError(f"{file}: not a checkpoint of PyTorch ({cause_of(broken)})") from broken


def read_torch_content(content: bytes, name: str) -> dict[str, torch.Tensor]:
    """Tensors by name of a file's content, which holds nothing else; `name` stands for it in messages.

    Raises:
        ValueError: it is none such, is compressed, or has sizes that no honest file has; nothing was run.
    """
    opened = io.BytesIO(content)
    refuse_archive(name, opened)
    opened.seek(0)
    try:
        weights = torch.load(opened, map_location="cpu", weights_only=True)
    except Exception as broken:  # as above
        raise ValueError(f"{name}: not a checkpoint that can be read safely ({cause_of(broken)})") from broken
    if not isinstance(weights, dict) or not all(isinstance(x, torch.Tensor) for x in weights.values()):
        raise ValueError(f"{name}: holds something else than tensors by name")
    return weights


def cause_of(broken: Exception) -> str:
    """An error in one line; torch's own explain in many how to read unsafely."""
    return f"{type(broken).__name__}: {str(broken).partition(chr(10))[0][:200]}"


def refuse_archive(file: Path | str, opened: BinaryIO) -> None:
    """Returns where an archive holds weights, uncompressed, each part in bytes of its own.

    Raises:
        ValueError: it does not.
    """
    try:
        length = opened.seek(0, os.SEEK_END)
        if list_bytes(opened, length) > MAX_LIST_BYTES:
            raise ValueError(f"{file}: its list of parts is too large to be one")
        with zipfile.ZipFile(opened) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error, OSError) as broken:
        raise ValueError(f"{file}: not a checkpoint that can be read safely ({cause_of(broken)})") from broken
    names = {entry.filename.rpartition("/")[2]: entry for entry in entries}
    if "data.pkl" not in names or "constants.pkl" in names:
        raise ValueError(f"{file}: an archive of something else than weights")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError(f"{file}: compressed, which no PyTorch checkpoint is")
    if any(entry.file_size != entry.compress_size for entry in entries):
        raise ValueError(f"{file}: parts of two sizes each")
    if sum(entry.file_size for entry in entries) > length or len({e.filename for e in entries}) < len(
        entries
    ):
        raise ValueError(f"{file}: parts that lie over each other, or are there twice")
    if names["data.pkl"].file_size > MAX_PICKLE_BYTES:
        raise ValueError(f"{file}: the description of its tensors is too large to be one")


def list_bytes(opened: BinaryIO, length: int) -> int:
    """Bytes that the list of entries of a zip says to have.

    Raises:
        zipfile.BadZipFile: it does not end as one does.
    """
    opened.seek(max(length - END.size - LOCATOR.size, 0))
    tail = opened.read()
    sign, *_, size, _, comment = END.unpack(tail[-END.size :])
    if sign != b"PK\5\6" or comment:
        raise zipfile.BadZipFile("no end of a zip, or a comment behind it")
    if size < 2**32 - 1:
        return int(size)
    opened.seek(min(LOCATOR.unpack(tail[: LOCATOR.size])[2], length))
    return int(LARGE_END.unpack(opened.read(LARGE_END.size))[8])
