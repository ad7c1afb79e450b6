"""Folders of networks as their makers save them: which files count, and the digest that they are known by."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from storage.regular_file import open_regular, refuse_irregular

WEIGHTS = ("*.json", "*.safetensors")
"""Files of a folder that its network depends on."""


def files_of(path: Path) -> list[Path]:
    """The files that make a network, in order: those of a folder, or the file itself."""
    return sorted(file for pattern in WEIGHTS for file in path.glob(pattern)) if path.is_dir() else [path]


def refuse_odd(folder: Path) -> None:
    """Return where all files of a folder are regular ones.

    Raises:
        ValueError: one is not, or there is none; says which.
    """
    files = files_of(folder) if folder.is_dir() else []
    if not files:
        raise ValueError(f"{folder}: no folder of a network there")
    for file in files:
        try:
            refuse_irregular(file, file.stat())
        except OSError as broken:
            raise ValueError(str(broken)) from broken


def network_digest(path: Path, dtype: torch.dtype) -> str:
    """sha256 of all that a network's answers depend on besides the question: weights, settings, precision.

    Raises:
        OSError: one of its files is missing, or no regular file.
    """
    whole = hashlib.sha256(str(dtype).encode())
    for file in files_of(path):
        with open_regular(file) as opened:
            whole.update(f"\0{file.name if path.is_dir() else ''}\0".encode())
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()
