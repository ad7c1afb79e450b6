"""Files of atlases: named arrays (`dataset.arrays`), of which nothing is run or decoded.

`picture_N` (h, w, 3) uint8 and `source_N`, UTF-8 as uint8, of each view; `box` (n, 4) float32, px; `numbers`
(n, 3) float32, yaw in rad, likeness, sharpness; `kind` (n, 2) uint8, the number of the framing and whether a
network made it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from dataset.arrays import pack, unpack_file
from jobs.animation.atlas import MAX_VIEWS, AtlasView
from schemas.controls import Framing
from storage.place import Place

FRAMINGS: tuple[Framing, ...] = get_args(Framing)
MAX_SIDE = 4096
MAX_FILE_BYTES = 2**28
MAX_TEXT_BYTES = 4000


def save_atlas(path: Path, views: Sequence[AtlasView]) -> None:
    """Write an atlas, whole or not at all; the same views give the same bytes."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, view in enumerate(views):
        arrays[f"picture_{number}"] = view.picture
        arrays[f"source_{number}"] = np.frombuffer(view.source.encode()[:MAX_TEXT_BYTES], np.uint8)
    arrays["box"] = np.stack([view.box for view in views]).astype(np.float32)
    arrays["numbers"] = np.array([[v.yaw, v.similarity, v.sharpness] for v in views], np.float32)
    arrays["kind"] = np.array([[FRAMINGS.index(v.framing), v.made] for v in views], np.uint8)
    place, name = Place.holding(str(path.absolute()))
    place.write(name, pack(arrays))


def read_atlas(path: Path) -> tuple[AtlasView, ...]:
    """The views of an atlas.

    Raises:
        ValueError: it is none.
    """
    try:
        return tuple(views_in(unpack_file(path, MAX_FILE_BYTES)))
    except (OSError, ValueError, KeyError) as broken:
        raise ValueError(f"{path}: not an atlas of a person ({broken})") from broken


def views_in(arrays: dict[str, NDArray[Any]]) -> Iterator[AtlasView]:
    """The views of named arrays.

    Raises:
        ValueError: they are not those of an atlas.
        KeyError: one is missing.
    """
    box, numbers, kind = arrays.pop("box"), arrays.pop("numbers"), arrays.pop("kind")
    n = len(kind) if kind.ndim == 2 else 0
    if not (1 <= n <= MAX_VIEWS and (box.shape, numbers.shape, kind.shape) == ((n, 4), (n, 3), (n, 2))):
        raise ValueError("numbers of other shapes")
    if not (np.isfinite(box).all() and np.isfinite(numbers).all() and (kind < [len(FRAMINGS), 2]).all()):
        raise ValueError("numbers that no view has")
    for number in range(n):
        picture, source = arrays.pop(f"picture_{number}"), arrays.pop(f"source_{number}")
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(f"picture {number} is none")
        if not 1 <= min(picture.shape[:2]) <= max(picture.shape[:2]) <= MAX_SIDE:
            raise ValueError(f"picture {number} of {picture.shape[1]}x{picture.shape[0]} px")
        if source.dtype != np.uint8 or source.ndim != 1 or source.size > MAX_TEXT_BYTES:
            raise ValueError(f"where picture {number} came from is no text")
        yaw, similarity, sharp = numbers[number].tolist()
        yield AtlasView(
            picture=picture,
            box=box[number].astype(np.float32),
            yaw=yaw,
            framing=FRAMINGS[kind[number, 0]],
            similarity=similarity,
            sharpness=sharp,
            made=bool(kind[number, 1]),
            source=source.tobytes().decode(errors="replace"),
        )
    if arrays:
        raise ValueError(f"{len(arrays)} arrays that it does not have")
