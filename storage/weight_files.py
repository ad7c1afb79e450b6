"""Weight files, those of others too: read without running any of their code, and checked key by key."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor

from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as
from storage.space import FULL, no_space
from storage.torch_files import MAX_LIST_BYTES, cause_of, read_torch

Weights = dict[str, Tensor]

MAX_BYTES = 80 * 2**30
"""Largest file or set of shards that is read."""
WRAPPERS = ("state_dict", "model_state_dict", "network", "module", "model")
"""Keys under which trainers put the weights."""


@dataclass(frozen=True)
class Listing:
    """What is used of a list of files of weights."""

    weight_map: dict[str, str]


def read_weights(path: Path) -> Weights:
    """Tensors by name, of a safetensors file, a folder of them, or a PyTorch checkpoint, whoever wrote it.

    Raises:
        ValueError: no such file, not a checkpoint, too large, or without weights; nothing in it was run.
    """
    files = shards(path) if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files if file.is_file())
    if not size or not all(file.is_file() for file in files):
        raise ValueError(f"{path}: no such file of weights, or it is empty")
    if size > MAX_BYTES:
        raise ValueError(
            f"{path}: {size / 2**30:.0f} GiB; files of weights up to {MAX_BYTES / 2**30:.0f} GiB are read"
        )
    weights: Weights = {}
    for file in files:
        weights.update(
            read_safetensors(file) if file.suffix == ".safetensors" else unwrap(read_torch(file), file)
        )
    return weights


def shards(folder: Path) -> list[Path]:
    """The safetensors files of a folder, as its index lists them, or all.

    Raises:
        ValueError: there are none, or the index names files elsewhere.
    """
    indices = sorted(folder.glob("*.safetensors.index.json"))
    if not indices:
        return sorted(folder.glob("*.safetensors"))
    if len(indices) > 1:
        raise ValueError(f"{folder}: {len(indices)} lists of files of weights, one was expected")
    try:
        found = read_as(Listing, json_at(Place.at(folder), indices[0].name), str(indices[0]))
    except OSError as broken:
        raise ValueError(f"{indices[0]}: no list of files of weights ({broken})") from broken
    names = sorted(set(found.weight_map.values()))
    if any(Path(name).name != name for name in names):
        raise ValueError(f"{indices[0]}: names files outside its folder")
    return [folder / name for name in names]


def read_safetensors(file: Path) -> Weights:
    """Tensors of a safetensors file.

    Raises:
        ValueError: it is none, or of types of numbers that torch does not have.
    """
    with file.open("rb") as opened:
        if int.from_bytes(opened.read(8), "little") > MAX_LIST_BYTES:
            raise ValueError(f"{file}: not a safetensors file (its list of tensors is too large)")
    try:
        return load_file(file)
    except (safetensors.SafetensorError, KeyError, ValueError, RuntimeError, OverflowError) as broken:
        raise ValueError(f"{file}: not a safetensors file ({cause_of(broken)})") from broken


def unwrap(content: Any, file: Path) -> Weights:
    """The tensors of a checkpoint, out of what its trainer wrapped them in."""
    for key in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise ValueError(f"{file}: holds a {type(content).__name__}, not weights by name")  # noqa: TRY004
    weights = {str(name): value.detach() for name, value in content.items() if isinstance(value, Tensor)}
    if not weights:
        raise ValueError(f"{file}: holds no tensors by name, only {by_pattern(map(str, content))}")
    return weights


def by_pattern(names: Iterable[str]) -> str:
    """The names with their numbers as *, and how many there are of each: `blocks.*.ffn.*.bias (60)`."""
    patterns = Counter(re.sub(r"(?<=\.)\d+(?=\.)", "*", name) for name in sorted(names))
    return ", ".join(f"{pattern} ({count})" if count > 1 else pattern for pattern, count in patterns.items())


def write_weights(
    folder: Path, tensors: Iterable[tuple[str, Tensor]], file_bytes: int = 4 * 2**30, prefix: str = ""
) -> None:
    """Write into a folder that `read_weights` reads, a file at a time, none much larger than `file_bytes`.

    Names of files begin with the prefix: several processes may write into one folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held: Weights = {}
    number = size = 0
    for name, tensor in tensors:
        held[name] = tensor.contiguous()
        size += tensor.nbytes
        if size >= file_bytes:
            write(held, folder / f"{prefix}{number:05}.safetensors")
            held, number, size = {}, number + 1, 0
    if held:
        write(held, folder / f"{prefix}{number:05}.safetensors")


def write(tensors: Weights, file: Path) -> None:
    """Write one file.

    Raises:
        NoSpace: the disk is full.
    """
    try:
        save_file(tensors, file)
    except safetensors.SafetensorError as error:
        if any(f"(os error {code})" in str(error) for code in FULL):
            raise no_space(file.parent) from error
        raise


def check_keys(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], what: str) -> None:
    """That exactly the wanted tensors are there, in the wanted shapes, broken numbers where they are wanted.

    Raises:
        ValueError: names what is missing, unexpected or of another shape or type, by pattern.
    """
    shapes = {
        f"{name} {tuple(found[name].shape)} for {tuple(wanted[name].shape)}"
        for name in found.keys() & wanted.keys()
        if found[name].shape != wanted[name].shape
    }
    kinds = {
        f"{name} {found[name].dtype}"
        for name in found.keys() & wanted.keys()
        if found[name].is_floating_point() != wanted[name].is_floating_point()
    }
    faults = {
        "missing": wanted.keys() - found.keys(),
        "unexpected": found.keys() - wanted.keys(),
        "shapes": shapes,
        "types": kinds,
    }
    message = "; ".join(f"{fault}: {by_pattern(names)}" for fault, names in faults.items() if names)
    if message:
        raise ValueError(f"{what}: {message}")
