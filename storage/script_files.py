"""Tensors out of archives of TorchScript, as OpenAI publishes CLIP: the program in them is never run.

Beside its code such an archive holds the module as a pickle: an object with its attributes, tensors and
modules among them. Names are put together as a state dict's are.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from storage.torch_files import (
    MAX_LIST_BYTES,
    MAX_PICKLE_BYTES,
    Inert,
    RestrictedUnpickler,
    cause_of,
    list_bytes,
)

STORAGES = {
    f"{name}Storage": dtype
    for name, dtype in {
        "Double": torch.float64,
        "Float": torch.float32,
        "Half": torch.float16,
        "BFloat16": torch.bfloat16,
        "Long": torch.int64,
        "Int": torch.int32,
        "Bool": torch.bool,
    }.items()
}
"""Kinds of numbers by the words of the pickle."""


def is_script(path: Path) -> bool:
    """Whether a file is an archive of TorchScript, as far as its list of parts tells."""
    try:
        with path.open("rb") as file:
            return described(file, file.seek(0, 2)) is not None
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, OSError):
        return False


def read_script(path: Path) -> dict[str, Tensor]:
    """Tensors of an archive's module, by the names of a state dict.

    Raises:
        ValueError: it is none, or has sizes that no honest file has; nothing in it was run.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            if (root := described(file, path.stat().st_size)) is None:
                raise ValueError("no module is described in it")  # noqa: TRY301
            if archive.getinfo(f"{root}/data.pkl").file_size > MAX_PICKLE_BYTES:
                raise ValueError("the description of its tensors is too large to be one")  # noqa: TRY301
            with archive.open(f"{root}/data.pkl") as pickled:
                return dict(tensors_of(ScriptUnpickler(pickled, archive, root).load()))
    except Exception as broken:  # a stranger's file may break the reader anywhere
        raise ValueError(f"{path}: not an archive that can be read safely ({cause_of(broken)})") from broken


def described(file: BinaryIO, length: int) -> str | None:
    """The folder in an archive where a module of TorchScript is described; None where none is.

    Raises:
        zipfile.BadZipFile: it is no zip, or its list of parts is too large to be one.
    """
    try:
        if list_bytes(file, length) > MAX_LIST_BYTES:
            raise zipfile.BadZipFile("its list of parts is too large to be one")
    except (ValueError, struct.error) as broken:
        raise zipfile.BadZipFile(str(broken)) from broken
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
    roots = [name.removesuffix("/constants.pkl") for name in names if name.endswith("/constants.pkl")]
    return next((root for root in roots if root.count("/") == 0 and f"{root}/data.pkl" in names), None)


def tensors_of(module: Any, before: str = "") -> Iterator[tuple[str, Tensor]]:
    """Tensors of a module and of those in it, by name."""
    for name, value in module.items():
        if isinstance(value, Tensor):
            yield f"{before}{name}", value.detach()
        elif isinstance(value, Inert):
            yield from tensors_of(value, f"{before}{name}.")


class ScriptUnpickler(RestrictedUnpickler):
    """An unpickler whose tensors lie in the same archive, each part read at most once."""

    def __init__(self, pickled: Any, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(pickled)
        self.archive, self.root = archive, root
        self.read: dict[str, Any] = {}

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """As its kind does, and kinds of numbers by their words."""
        if module_name == "torch" and global_name in STORAGES:
            return STORAGES[global_name]
        return super().find_class(module_name, global_name)

    def persistent_load(self, entry: Any, /) -> Any:
        """The numbers of a tensor.

        Raises:
            ValueError: they are packed, more or fewer than is said, or of no known kind.
        """
        _, dtype, key, _, count = entry
        if key not in self.read:
            entry = self.archive.getinfo(f"{self.root}/data/{key}")
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != count * dtype.itemsize:
                raise ValueError("numbers that are packed, or not as many as is said")
            numbers = torch.frombuffer(bytearray(self.archive.read(entry)), dtype=torch.uint8)
            self.read[key] = torch.storage.TypedStorage(  # type: ignore[no-untyped-call]
                wrap_storage=numbers.untyped_storage(), dtype=dtype, _internal=True
            )
        return self.read[key]
