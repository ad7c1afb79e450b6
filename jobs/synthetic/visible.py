"""Which body part every pixel shows, and what share of each part a picture shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.acted import Acted, acted, views
from jobs.synthetic.film import FilmSet
from jobs.synthetic.parts import PARTS
from jobs.synthetic.person import Person
from jobs.synthetic.rasterise import FAR_M, CameraView, Map, rasterise
from jobs.synthetic.scenery import View, board_seen

Array = NDArray[np.float64]

NOBODY = -1
AROUND = 3
"""A part's whole size is counted on a canvas this many times as wide and as high as the picture."""
MIN_PX = 4
"""A part of fewer pixels is too small to be counted: its share is 0."""


def visible_shares(on: FilmSet, times: Array) -> list[Array]:
    """For each actor (t, 14): what share of each part's pixels, were it alone, the picture shows, 0..1.

    Hidden are pixels behind another part of the same person, behind another one or a board, and those outside
    of the picture. Counted at half the picture's size.
    """
    camera = on.take.camera.scaled(0.5)
    doing = [acted(on.take, actor, who, times) for actor, who in zip(on.take.actors, on.people, strict=True)]
    shares = [np.zeros((len(times), len(PARTS))) for _ in on.people]
    for t, view in enumerate(views(on.take, times)):
        maps = part_maps(on, doing, camera, view, t)
        for number, (who, motion) in enumerate(zip(on.people, doing, strict=True)):
            vertices = view.seen(who.surface(motion.bones, motion.face[t], t))
            shown = np.bincount(maps[number][maps[number] != NOBODY], minlength=len(PARTS))
            whole = np.array([pixels_alone(who, camera, vertices, part) for part in range(len(PARTS))])
            shares[number][t] = np.where(whole >= MIN_PX, np.minimum(shown / np.maximum(whole, 1), 1), 0)
    return shares


def part_maps(
    on: FilmSet, doing: list[Acted], camera: CameraView, view: View, t: int
) -> list[NDArray[np.int8]]:
    """For each actor (h, w): the index in `PARTS` of what a pixel shows of it, -1 where that is nothing."""
    layers = [
        part_map(who, camera, view.seen(who.surface(motion.bones, motion.face[t], t)))
        for who, motion in zip(on.people, doing, strict=True)
    ]
    depths = [depth for _, depth in layers] + [board_seen(b, camera, view)[1] for b in on.take.boards]
    nearest = np.min(depths, axis=0)
    return [
        np.where((depth <= nearest) & (depth < FAR_M / 2), parts, NOBODY).astype(np.int8)
        for parts, depth in layers
    ]


def part_map(who: Person, camera: CameraView, vertices: Array) -> tuple[NDArray[np.int8], Map]:
    """The part (h, w) that a person shows in each pixel, -1 where none, and depth (h, w) m."""
    points, triangles, label = exploded(who, vertices, slice(None))
    shown, depth = rasterise(camera, points, triangles, label, flat=True)
    parts = np.round(shown[..., 0] * len(PARTS)).astype(np.int8)
    return np.where(depth < FAR_M / 2, parts, NOBODY).astype(np.int8), depth


def pixels_alone(who: Person, camera: CameraView, vertices: Array, part: int) -> int:
    """How many pixels a part covers with nothing else there, outside of the picture too."""
    own = np.flatnonzero(who.mesh.part == part)
    points, triangles, label = exploded(who, vertices, own)
    _, depth = rasterise(camera.wider(AROUND), points, triangles, label, flat=True)
    return int((depth < FAR_M / 2).sum())


def exploded(
    who: Person, vertices: Array, which: slice | NDArray[np.intp]
) -> tuple[Array, NDArray[np.int32], Array]:
    """Points (3 f, 3) that no two triangles (f, 3) share, and their parts as values (3 f, 3) below 1."""
    corners = who.mesh.corner[who.mesh.triangles[which]]
    values = np.zeros((corners.size, 3))
    values[:, 0] = np.repeat(who.mesh.part[which] / len(PARTS), 3)
    return vertices[corners.reshape(-1)], np.arange(corners.size, dtype=np.int32).reshape(-1, 3), values
