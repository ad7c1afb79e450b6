"""A person made ready to be filmed: body, clothes and texture, kept on disk by what they follow from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from jobs.synthetic.body_model import BodyModel, body_model
from jobs.synthetic.dressed import Dressed, dressed
from jobs.synthetic.faces import action_offsets
from jobs.synthetic.identity import Identity, Shape, shape_of
from jobs.synthetic.kept import kept_arrays
from jobs.synthetic.painted import painted
from jobs.synthetic.parts import parts_of_vertices
from jobs.synthetic.skeleton import Posed
from jobs.synthetic.surface import BodySurface

Array = NDArray[np.float64]

MAKERS = ("mesh_files", "identity", "surface", "noise", "wardrobe", "dressed", "rasterise", "painted")
"""Modules on whose code what is kept depends."""


@dataclass(frozen=True)
class Person:
    """Somebody: the model, a shape, a dressed mesh and its texture."""

    model: BodyModel
    shape: Shape
    mesh: Dressed
    texture: NDArray[np.uint8]

    @cached_property
    def skinning(self) -> csr_array:
        """(n, b): the mesh's vertices' shares of the bones' motions."""
        return csr_array(self.mesh.carried @ self.model.skinning)

    @cached_property
    def actions(self) -> Array:
        """(18, n, 3) m: what each action of the face moves."""
        return np.stack([self.mesh.carried @ offsets for offsets in action_offsets()])

    @cached_property
    def head_sphere(self) -> tuple[Array, float]:
        """Centre (rest pose, m) and radius, m, of the sphere that stands for the head.

        From chin to crown in height and from brow to occiput in depth; the radius is half its height.
        """
        own = self.model.faces("skin")
        skin = np.unique(self.model.quads[own])
        head = skin[self.model.skinning[skin][:, [self.model.index["head"]]].toarray()[:, 0] > 0.9]
        points, eye = self.shape.vertices[head], self.shape.heads[self.model.index["eye.L"]]
        chin = points[points[:, 2] < eye[2]][:, 1].max()
        crown, above = points[:, 1].min(), points[points[:, 1] < eye[1] - 0.02]
        middle = (above[:, 2].min() + above[:, 2].max()) / 2
        return np.array([0.0, (chin + crown) / 2, middle]), float((chin - crown) / 2)

    @cached_property
    def stature(self) -> tuple[float, float]:
        """From the point between the hips up to the crown and down to the soles of one who stands, m."""
        at, heads = self.model.index, self.shape.heads
        chain = [heads[at[name]] for name in ("upperleg01.L", "lowerleg01.L", "foot.L")]
        leg = sum(float(np.linalg.norm(b - a)) for a, b in pairwise(chain))
        skin = self.shape.vertices[np.unique(self.model.quads[self.model.faces("skin")])]
        return float(chain[0][1] - skin[:, 1].min()), leg + float(skin[:, 1].max() - chain[-1][1])

    def surface(self, at: Posed, amounts: Array, frame: int) -> Array:
        """The mesh's vertices (n, 3) in the frame of `at`, with these amounts (18,) of the face's actions."""
        rotation = at.rotation[frame]
        shift = at.heads[frame] - np.einsum("bij,bj->bi", rotation, self.shape.heads)
        moved = self.skinning @ np.concatenate([rotation.reshape(-1, 9), shift], axis=1)
        rest = self.mesh.vertices + np.tensordot(amounts, self.actions, axes=1)
        return np.asarray(np.einsum("nij,nj->ni", moved[:, :9].reshape(-1, 3, 3), rest) + moved[:, 9:])


@lru_cache(maxsize=8)
def person(identity: Identity, surface: BodySurface, folder: Path) -> Person:
    """The person; what takes seconds to make is looked for in `folder` first and kept there."""
    model = body_model(folder)
    code = b"".join((Path(__file__).parent / f"{name}.py").read_bytes() for name in MAKERS)
    digest = hashlib.sha256(code + repr((identity, surface)).encode()).hexdigest()[:16]

    def make() -> dict[str, NDArray[np.float64] | NDArray[np.uint8]]:
        return {"vertices": shape_of(model, identity).vertices, "texture": painted(model, surface)}

    arrays = kept_arrays(folder / f"person-{digest}.npz", make)
    heads, tails = np.split(model.joints @ arrays["vertices"], 2)
    shape = Shape(arrays["vertices"], heads, tails)
    return Person(model, shape, dressed(model, shape, surface, parts_of_vertices(model)), arrays["texture"])
