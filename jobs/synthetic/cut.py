"""Cuts a mesh along a line: hems, necklines and hairlines that do not follow its quads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Corners:
    """Corners of triangles, each on the way from one of the mesh's corners to another."""

    start: Ints  # c 2, vertex and texture coordinate
    stop: Ints  # c 2
    share: Array  # c, 0 at the start, 1 at the stop

    def vertices(self, num: int) -> tuple[csr_array, NDArray[np.intp]]:
        """The different vertices as blends (v, num) of the mesh's, and the vertex of each corner."""
        low, high = (
            np.minimum(self.start[:, 0], self.stop[:, 0]),
            np.maximum(self.start[:, 0], self.stop[:, 0]),
        )
        share = np.where(self.start[:, 0] <= self.stop[:, 0], self.share, 1 - self.share)
        keys, inverse = np.unique(np.stack([low, high, np.round(share * 1e6)]), axis=1, return_inverse=True)
        row = np.arange(keys.shape[1])
        values = np.concatenate([1 - keys[2] / 1e6, keys[2] / 1e6])
        where = (np.concatenate([row, row]), np.concatenate([keys[0], keys[1]]).astype(np.int32))
        return csr_array((values, where), shape=(len(row), num)), inverse.reshape(-1)

    def blended_texture(self, texture: Array) -> Array:
        """Texture coordinates (c, 2) of the corners."""
        share = self.share[:, None]
        return np.asarray((1 - share) * texture[self.start[:, 1]] + share * texture[self.stop[:, 1]])


def cut(quads: Ints, quads_texture: Ints, inside: Array) -> tuple[Corners, Ints]:
    """Corners and triangles (f, 3) of that of the quads (q, 4) where `inside` (n,), by vertex, is positive.

    The line where it is 0 is straight within a triangle.
    """
    split = [0, 1, 2, 0, 2, 3]
    both = np.stack([quads[:, split], quads_texture[:, split]], axis=-1).reshape(-1, 3, 2)
    value = inside[both[..., 0]]
    count = (value > 0).sum(axis=1)
    whole = both[count == 3]
    pieces = [np.stack([whole, whole], axis=2).reshape(-1, 2, 2)]
    shares = [np.zeros(len(whole) * 3)]
    for kept in (1, 2):  # the corner that stands alone first
        triangles, at = both[count == kept], value[count == kept]
        alone = np.argmax(at > 0, axis=1) if kept == 1 else np.argmin(at > 0, axis=1)
        turn = (alone[:, None] + np.arange(3)) % 3
        a, b, c = np.moveaxis(np.take_along_axis(triangles, turn[..., None], axis=1), 1, 0)
        va, vb, vc = np.take_along_axis(at, turn, axis=1).T
        ab, ac, nil = va / (va - vb), va / (va - vc), np.zeros(len(va))
        ways = (
            [(a, a, nil), (a, b, ab), (a, c, ac)]
            if kept == 1
            else [(a, b, ab), (b, b, nil), (c, c, nil), (a, b, ab), (c, c, nil), (a, c, ac)]
        )
        pieces.append(np.stack([np.stack([p, q], axis=1) for p, q, _ in ways], axis=1).reshape(-1, 2, 2))
        shares.append(np.stack([share for *_, share in ways], axis=1).reshape(-1))
    pairs, share = np.concatenate(pieces), np.concatenate(shares)
    corners = Corners(pairs[:, 0], pairs[:, 1], share)
    return corners, np.arange(len(share), dtype=np.int32).reshape(-1, 3)
