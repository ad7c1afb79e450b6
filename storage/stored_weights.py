"""Tensors by name in safetensors files, however large, each read when it is asked for.

Files are mapped, so processes of one machine that read the same ones share one copy in its memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import safetensors
import torch
from torch import Tensor

from storage.torch_files import MAX_LIST_BYTES, cause_of
from storage.weight_files import shards

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class StoredWeights(Mapping[str, Tensor]):
    """Tensors by name, of one or more open files."""

    def __init__(self, files: Mapping[str, Any]) -> None:
        self.files = files

    @classmethod
    def of(cls, path: Path) -> StoredWeights:
        """Those of a safetensors file, or of a folder of them.

        Raises:
            ValueError: there are none, or they are of types of numbers that torch does not have.
        """
        found: dict[str, Any] = {}
        for file in shards(path) if path.is_dir() else [path]:
            opened = open_file(file)
            found.update(dict.fromkeys(opened.keys(), opened))
        if not found:
            raise ValueError(f"{path}: no such file of weights, or it is empty")
        return cls(found)

    def __getitem__(self, name: str) -> Tensor:
        """A tensor, read now."""
        tensor: Tensor = self.files[name].get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self.files)

    def __len__(self) -> int:
        """Number of tensors."""
        return len(self.files)

    def __or__(self, others: StoredWeights) -> StoredWeights:
        """These, and in place of some of them others."""
        return StoredWeights({**self.files, **others.files})

    @cached_property
    def outlines(self) -> dict[str, Tensor]:
        """Shape and type of each, of which nothing is read."""
        pieces = {name: opened.get_slice(name) for name, opened in self.files.items()}
        return {
            name: torch.empty(piece.get_shape(), dtype=DTYPES[piece.get_dtype()], device="meta")
            for name, piece in pieces.items()
        }


def open_file(file: Path) -> Any:
    """A safetensors file, opened.

    Raises:
        ValueError: it is none, or of types of numbers that torch does not have.
    """
    try:
        with file.open("rb") as begun:
            if int.from_bytes(begun.read(8), "little") > MAX_LIST_BYTES:
                raise ValueError("its list of tensors is too large")  # noqa: TRY301
        opened: Any = safetensors.safe_open(file, framework="pt")
        other = {kind for name in opened.keys() if (kind := opened.get_slice(name).get_dtype()) not in DTYPES}  # noqa: SIM118
    except FileNotFoundError as broken:
        raise ValueError(f"{file}: no such file of weights, or it is empty") from broken
    except (safetensors.SafetensorError, OSError, ValueError, RuntimeError, OverflowError) as broken:
        raise ValueError(f"{file}: not a safetensors file ({cause_of(broken)})") from broken
    if other:
        raise ValueError(f"{file}: not a safetensors file (numbers of {', '.join(sorted(other))})")
    return opened
