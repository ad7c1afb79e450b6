"""Networks of transformers, from a local folder: tensors are read, and no code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from model.nets.pretrained.folders import refuse_odd
from storage.json_files import json_at
from storage.place import Place


def loaded(
    folder: Path, classes: Mapping[str, str], dtype: torch.dtype, unused: frozenset[str] = frozenset()
) -> nn.Module:
    """The network of a folder, to be asked alone.

    `classes` are those of transformers by what config.json calls them; what is `unused` may be missing.

    Raises:
        ValueError: there is none of those, its files lack weights, or transformers is missing.
    """
    name = classes[kind_of(folder, classes)]
    try:
        import transformers
    except ImportError as absent:
        raise ValueError(
            f"{folder}: {name} is read by transformers: install the extra `baselines`"
        ) from absent
    try:
        transformers.utils.logging.disable_progress_bar()
        how: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "dtype": dtype}
        net, loading = getattr(transformers, name).from_pretrained(folder, output_loading_info=True, **how)
    except (ImportError, OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise ValueError(f"{folder}: no {name} of transformers that can be loaded: {error}") from error
    if missing := sorted(set(loading["missing_keys"]) - unused):
        raise ValueError(
            f"{folder}: no whole {name}: its files lack {missing[0]} and {len(missing) - 1} more"
        )
    return net.eval().requires_grad_(requires_grad=False)


def kind_of(folder: Path, classes: Mapping[str, str]) -> str:
    """What a folder calls its network.

    Raises:
        ValueError: there is none of those there.
    """
    refuse_odd(folder)
    try:
        kind = json_at(Place.at(folder), "config.json")["model_type"]
    except (OSError, ValueError, TypeError, KeyError) as broken:
        raise ValueError(f"{folder}: no network that tells its kind ({broken})") from broken
    if kind not in classes:
        raise ValueError(f"{folder}: a network of {' or '.join(classes)} is wanted, not of {str(kind)[:40]}")
    return str(kind)
