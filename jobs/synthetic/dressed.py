"""A body with its hair and clothes on: one mesh, its corners' places in one texture, and what carries it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from jobs.synthetic.body_model import BodyModel
from jobs.synthetic.cut import Corners, cut
from jobs.synthetic.identity import Shape
from jobs.synthetic.surface import BodySurface
from jobs.synthetic.wardrobe import Sheet, sheets

Array = NDArray[np.float64]
Ints = NDArray[np.int32]

HEIGHT, WIDTH = 1536, 2816
"""Of the texture of a person, px."""
TILES: dict[str, tuple[int, int, int]] = {
    "skin": (0, 0, 1536),
    "tights": (1536, 0, 1024),
    "skirt": (1536, 1024, 512),
    "hair": (2048, 1024, 512),
    "left_eye": (2560, 0, 256),
    "right_eye": (2560, 256, 256),
    "teeth": (2560, 512, 64),
    "tongue": (2624, 512, 64),
}
"""Squares of the texture, px: left, top, side."""
RIM_PX = 2
"""Of a tile, that stays free around its layer."""


@dataclass(frozen=True)
class Dressed:
    """A mesh in the rest pose, figure's frame, metres."""

    vertices: Array  # n 3
    carried: csr_array  # n m, of which of the model's vertices each is the blend, bones and face included
    corner: Ints  # c, vertex of a corner
    texture: Array  # c 2, px of the texture
    triangles: Ints  # f 3, corners
    part: NDArray[np.uint8]  # f, the body part that a triangle covers, index into `parts.PARTS`
    meeting: csr_array  # n f, which triangles meet at a vertex

    def normals(self, vertices: Array) -> Array:
        """Unit normals (n, 3) of the mesh with its vertices elsewhere."""
        a, b, c = (vertices[self.corner[self.triangles[:, k]]] for k in range(3))
        return unit(self.meeting @ np.cross(b - a, c - a))


def dressed(
    model: BodyModel, shape: Shape, surface: BodySurface, part_of_vertex: NDArray[np.uint8]
) -> Dressed:
    """The mesh of a person; `part_of_vertex` (m,) labels the model's vertices."""
    normals = rest_normals(model, shape)
    vertices, carried, corner, texture, triangles = [], [], [], [], []
    num_vertices = num_corners = 0
    for sheet in sheets(model, surface):
        corners, faces = cut(model.quads[sheet.faces], model.quads_texture[sheet.faces], sheet.inside)
        blend, inverse = corners.vertices(len(model.vertices))
        rest = shape.vertices + sheet.outward[:, None] * normals
        vertices.append(blend @ rest)
        carried.append(blend)
        corner.append(inverse + num_vertices)
        texture.append(placed(model, sheet, corners))
        triangles.append(faces + num_corners)
        num_vertices += len(vertices[-1])
        num_corners += len(inverse)
    corners_of, faces = np.concatenate(corner), np.concatenate(triangles)
    blend = stacked(carried)
    meet = corners_of[faces]
    where = (meet.ravel(), np.repeat(np.arange(len(faces)), 3))
    nearest = np.asarray(blend.argmax(axis=1)).ravel()
    return Dressed(
        np.concatenate(vertices),
        blend,
        corners_of.astype(np.int32),
        np.concatenate(texture),
        faces.astype(np.int32),
        part_of_vertex[nearest[meet[:, 0]]],
        csr_array((np.ones(meet.size), where), shape=(num_vertices, len(faces))),
    )


def stacked(blocks: list[csr_array]) -> csr_array:
    """Sparse matrices of the same width below one another."""
    parts = [block.tocoo() for block in blocks]
    starts = np.cumsum([0] + [block.shape[0] for block in blocks])
    rows = np.concatenate([part.row + start for part, start in zip(parts, starts, strict=False)])
    columns, values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("col", "data"))
    return csr_array((values, (rows, columns)), shape=(starts[-1], blocks[0].shape[1]))


def placed(model: BodyModel, sheet: Sheet, corners: Corners) -> Array:
    """Texture coordinates (c, 2) of a sheet's corners, px: spread over its tile, the skin's as they are."""
    left, top, side = TILES[sheet.tile]
    places = corners.blended_texture(model.texture)
    if sheet.layer == "skin":
        return np.asarray(places * side + np.array([left, top]))
    return np.asarray(spread(model, sheet.layer, places, side) + np.array([left, top]))


def spread(model: BodyModel, layer: str, places: Array, side: int) -> Array:
    """Texture coordinates (c, 2), 0..1, of a layer as px of a tile that the layer fills."""
    whole = model.texture[model.quads_texture[model.faces(layer)]].reshape(-1, 2)
    low, high = whole.min(axis=0), whole.max(axis=0)
    return np.asarray((places - low) / (high - low) * (side - 2 * RIM_PX) + RIM_PX)


def rest_normals(model: BodyModel, shape: Shape) -> Array:
    """Unit normals (n, 3) of the model's vertices in the rest pose, each layer by itself."""
    a, b, c, d = np.moveaxis(shape.vertices[model.quads], 1, 0)
    across = np.cross(c - a, d - b)
    total = np.zeros_like(shape.vertices)
    for k in range(4):
        np.add.at(total, model.quads[:, k], across)
    return unit(total)


def unit(vectors: Array) -> Array:
    """Vectors (n, 3) at length 1; zero stays zero."""
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12))
