"""Weight files, those of others too: read without running any of their code, and checked key by key.

A pickle can call any function it names. So `torch.load(weights_only=True)` goes first; files that hold more
than weights, such as those of Lightning with its settings, go through an unpickler that knows a short list of
names and turns every other one into an inert dict.
"""

from __future__ import annotations

import collections
import json
import pickle
import re
import types
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from storage.space import FULL, no_space

Weights = dict[str, Tensor]

MAX_BYTES = 80 * 2**30
"""Largest file or set of shards that is read."""
MAX_PICKLE_BYTES = 64 * 2**20
"""Largest part of a file that describes its tensors."""
WRAPPERS = ("state_dict", "model_state_dict", "network", "module", "model")
"""Keys under which trainers put the weights."""

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
        weights.update(read_safetensors(file) if file.suffix == ".safetensors" else read_torch(file))
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
    names = sorted(set(json.loads(indices[0].read_text())["weight_map"].values()))
    if any(Path(name).name != name for name in names):
        raise ValueError(f"{indices[0]}: names files outside its folder")
    return [folder / name for name in names]


def read_safetensors(file: Path) -> Weights:
    """Tensors of a safetensors file."""
    try:
        return load_file(file)
    except safetensors.SafetensorError as broken:
        raise ValueError(f"{file}: not a safetensors file ({broken})") from broken


def read_torch(file: Path) -> Weights:
    """Tensors of a PyTorch checkpoint."""
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 - a stranger's file may break the reader anywhere
        content = read_with_settings(file)
    return unwrap(content, file)


def read_with_settings(file: Path) -> Any:
    """Content of a checkpoint that holds objects beside tensors; the objects become dicts.

    Raises:
        ValueError: not the zip format of PyTorch since 1.6, or sizes that no honest file has.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as broken:
        raise ValueError(f"{file}: not a checkpoint that can be read safely ({broken})") from broken
    names = {entry.filename.rpartition("/")[2]: entry for entry in entries}
    if "data.pkl" not in names or "constants.pkl" in names:
        raise ValueError(f"{file}: an archive of something else than weights")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError(f"{file}: compressed, which no PyTorch checkpoint is")
    if names["data.pkl"].file_size > MAX_PICKLE_BYTES:
        raise ValueError(f"{file}: the description of its tensors is too large to be one")
    try:
        return torch.load(file, map_location="cpu", weights_only=False, pickle_module=RESTRICTED, mmap=True)
    except Exception as broken:  # as above
        raise ValueError(
            f"{file}: not a checkpoint of PyTorch ({type(broken).__name__}: {broken})"
        ) from broken


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


def write_weights(folder: Path, tensors: Iterable[tuple[str, Tensor]], file_bytes: int = 4 * 2**30) -> None:
    """Write a folder that `read_weights` reads, a file at a time, none much larger than `file_bytes`."""
    folder.mkdir(parents=True)
    held: Weights = {}
    number = size = 0
    for name, tensor in tensors:
        held[name] = tensor.contiguous()
        size += tensor.nbytes
        if size >= file_bytes:
            write(held, folder / f"{number:05}.safetensors")
            held, number, size = {}, number + 1, 0
    if held:
        write(held, folder / f"{number:05}.safetensors")


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
    """That exactly the wanted tensors are there, in the wanted shapes.

    Raises:
        ValueError: names what is missing, unexpected or of another shape, by pattern.
    """
    shapes = {
        f"{name} {tuple(found[name].shape)} for {tuple(wanted[name].shape)}"
        for name in found.keys() & wanted.keys()
        if found[name].shape != wanted[name].shape
    }
    faults = {
        "missing": wanted.keys() - found.keys(),
        "unexpected": found.keys() - wanted.keys(),
        "shapes": shapes,
    }
    said = "; ".join(f"{fault}: {by_pattern(names)}" for fault, names in faults.items() if names)
    if said:
        raise ValueError(f"{what}: {said}")
