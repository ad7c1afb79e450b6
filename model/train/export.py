"""What a run has learned, in a folder that needs no run: weights, sizes, and a card that tells its origin.

    safetensors   model-*.safetensors (all weights), config.json, README.md
    diffusers     transformer/: the base's weights as diffusers' WanTransformer3DModel reads them;
                  parts/: all others; config.json, README.md

Either is read back by `from_pretrained`. Floats are of one precision; the averages are taken by default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from model.nets.dit import DiT
from model.nets.param_groups import PUBLIC, part
from model.nets.precision import rounded, stays_float32
from model.nets.pretrained.wan import diffusers_config, ours, theirs
from model.nets.sizes import Sizes
from model.train import checkpoint
from model.train.card import card
from model.train.engines.engine import DTYPES, Dtype
from model.train.load import Taken, last_of, settings_of, trained_weights
from storage.json_files import json_at
from storage.place import Place
from storage.records import read_as
from storage.stored_weights import StoredWeights
from storage.weight_files import check_keys, write_weights

Layout = Literal["safetensors", "diffusers"]
CONFIG, CARD = "config.json", "README.md"
TRANSFORMER, PARTS = "transformer", "parts"
VERSION = 1


def export(run: Path, out: Path, layout: Layout, taken: Taken, dtype: Dtype) -> None:
    """Write what a run's last checkpoint holds to a folder that is not there yet, or empty.

    Raises:
        ValueError: there is no checkpoint, it is not ours, or the folder holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out}: is not empty")
    folder = last_of(run)
    settings = settings_of(folder)
    sizes = replace(settings.sizes, lora=0)
    with torch.device("meta"):
        net = DiT(sizes, torch.Generator())
    exact = stays_float32(net) | {name for name, _ in net.named_buffers()}
    weights = trained_weights(folder, taken)
    check_keys(weights.outlines, net.state_dict(), f"{folder}: these weights do not fit its sizes")
    chosen = {name: None if name in exact else DTYPES[dtype] for name in weights}
    out.mkdir(parents=True, exist_ok=True)
    if layout == "safetensors":
        write_weights(out, cast(weights, chosen), prefix="model-")
    else:
        base = {name: kind for name, kind in chosen.items() if part(name) in PUBLIC}
        pairs = ((theirs(name), value) for name, value in cast(weights, base))
        write_weights(out / TRANSFORMER, pairs, prefix="diffusion_pytorch_model-")
        list_files(out / TRANSFORMER, "diffusion_pytorch_model")
        write_json(out / TRANSFORMER / CONFIG, diffusers_config(sizes))
        write_weights(out / PARTS, cast(weights, {n: kind for n, kind in chosen.items() if n not in base}))
    values = sum(weight.numel() for weight in net.parameters())
    plain = {"understudy": VERSION, "layout": layout, "dtype": dtype, "sizes": asdict(sizes)}
    write_json(out / CONFIG, plain)
    (out / CARD).write_text(card(run, checkpoint.train_state(folder), settings, layout, taken, values))


def cast(weights: StoredWeights, kinds: Mapping[str, torch.dtype | None]) -> Iterator[tuple[str, Tensor]]:
    """Some weights, each as a type; None leaves it as it is."""
    for name, kind in kinds.items():
        value = weights[name]
        yield name, value if kind is None or not value.is_floating_point() else value.to(kind)


def list_files(folder: Path, name: str) -> None:
    """Write the list of files and their tensors that diffusers looks for."""
    found = {file.name: StoredWeights.of(file) for file in sorted(folder.glob("*.safetensors"))}
    size = sum(t.numel() * t.element_size() for stored in found.values() for t in stored.outlines.values())
    places = {weight: file for file, stored in found.items() for weight in stored}
    content = {"metadata": {"total_size": size}, "weight_map": places}
    write_json(folder / f"{name}.safetensors.index.json", content)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a file of JSON."""
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def from_pretrained(folder: Path | str, device: torch.device | str = "cpu", dtype: Dtype = "bfloat16") -> DiT:
    """The network of a folder that `export` wrote, on a device, to make videos with.

    Raises:
        ValueError: the folder holds none, or its weights are of other sizes.
    """
    folder = Path(folder)
    what = f"{folder}: not an exported network"
    try:
        content = json_at(Place.at(folder), CONFIG)
        version, layout, sizes = (content[name] for name in ("understudy", "layout", "sizes"))
    except (OSError, ValueError, TypeError, KeyError) as broken:
        raise ValueError(f"{what} ({broken})") from broken
    if version != VERSION:
        raise ValueError(f"{what} of this version ({version}; this code reads {VERSION})")
    with torch.device("meta"):
        net = DiT(read_as(Sizes, sizes, what), torch.Generator())
    stored: dict[str, Tensor] = {}
    if layout == "diffusers":
        stored = {ours(name): value for name, value in StoredWeights.of(folder / TRANSFORMER).items()}
        stored |= dict(StoredWeights.of(folder / PARTS))
    else:
        stored = dict(StoredWeights.of(folder))
    check_keys(stored, net.state_dict(), what)
    exact = {name: value.float() if name in stays_float32(net) else value for name, value in stored.items()}
    return rounded(net, torch.device(device), DTYPES[dtype], exact).eval().requires_grad_(requires_grad=False)
