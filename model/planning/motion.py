"""The products of the motion encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from model.nets.motion import EMOTION, EYE, HEADPOSE, MOUTH_EMBED, MotionSizes
from model.nets.param_groups import Part
from model.planning.products import NONE, Product, table


def motion(sizes: MotionSizes, crops: int) -> Iterator[Product]:
    """The motion encoder: a face alignment network and four branches, of which one is of use to nobody."""
    c1, c2, c4, f = sizes.stem, 2 * sizes.stem, 4 * sizes.stem, sizes.feature
    half, quarter, eighth = (sizes.side // n for n in (2, 4, 8))
    yield replace(conv(crops, half, 3, c1, kernel=7, bias=True), after=NONE)
    yield table("face_encoder", c1, 2)
    yield from residual(crops, half, c1, c2)
    yield from residual(crops, quarter, c2, c2)
    yield from residual(crops, quarter, c2, c4)
    for side in hourglass(sizes.depth, quarter):
        yield from residual(crops, side, c4, c4)
    yield from residual(crops, quarter, c4, c4)
    yield conv(crops, quarter, c4, c4, kernel=1, bias=True)
    yield table("face_encoder", c4, 2)
    yield conv(crops, quarter, c4, sizes.maps, kernel=1, bias=True)
    yield table("face_encoder", sizes.maps, 2)
    yield conv(crops, eighth, sizes.maps, 1, kernel=3, bias=True)
    yield linear("face_encoder", crops, eighth**2, f)
    branches: tuple[tuple[Part, int], ...] = (("face_encoder", EYE), ("face_encoder", EMOTION))
    for part, outputs in (*branches, ("face_spare", HEADPOSE), ("face_encoder", 0)):
        yield from (linear(part, crops, f, f), linear(part, crops, f, f), table(part, f, 2))
        if outputs:
            yield linear(part, crops, f, outputs)
    yield linear("face_spare", 0, f, MOUTH_EMBED)


def hourglass(depth: int, side: int) -> list[int]:
    """Sides of the pictures that the blocks of an hourglass see."""
    sides = [side >> level for level in range(depth + 1)]
    return [*sides[:-1], *sides[1:], *sides[1:], sides[-1]]


def residual(crops: int, side: int, inputs: int, outputs: int) -> Iterator[Product]:
    """A residual block of the motion encoder."""
    half, quarter = outputs // 2, outputs // 4
    for a, b in ((inputs, half), (half, quarter), (quarter, quarter)):
        yield table("face_encoder", a, 2)
        yield conv(crops, side, a, b)
    if inputs != outputs:
        yield table("face_encoder", inputs, 2)
        yield conv(crops, side, inputs, outputs, kernel=1)


def conv(crops: int, side: int, inputs: int, outputs: int, *, kernel: int = 3, bias: bool = False) -> Product:
    """A convolution that makes square pictures."""
    product = linear("face_encoder", crops * side**2, kernel**2 * inputs, outputs)
    return replace(product, bias=bias)


def linear(part: Part, rows: int, inputs: int, outputs: int) -> Product:
    """A layer of the motion encoder; of what is spare, nothing goes back."""
    after = NONE if part == "face_spare" else frozenset[Part]({part})
    return Product(part=part, rows=rows, inputs=inputs, outputs=outputs, after=after)
