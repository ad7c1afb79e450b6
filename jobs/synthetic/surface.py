"""How a person looks: colours of skin, hair and eyes, clothes and their patterns, as numbers and names."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jobs.synthetic.identity import Identity

Colour = tuple[float, float, float]
"""Red, green, blue, 0..1, as a screen shows them."""
Pattern = Literal["plain", "stripes", "checks", "spots"]
HairLength = Literal["cropped", "short", "full", "long"]
PATTERNS: tuple[Pattern, ...] = ("plain", "stripes", "checks", "spots")
SKIN: tuple[Colour, ...] = (
    (0.95, 0.80, 0.72),
    (0.87, 0.68, 0.56),
    (0.71, 0.51, 0.38),
    (0.46, 0.31, 0.23),
    (0.29, 0.19, 0.14),
)
"""From light to dark."""
HAIR: tuple[Colour, ...] = (
    (0.07, 0.06, 0.06),
    (0.20, 0.13, 0.09),
    (0.38, 0.25, 0.15),
    (0.67, 0.52, 0.32),
    (0.45, 0.20, 0.10),
)
GREY: Colour = (0.66, 0.65, 0.63)
IRIS: tuple[Colour, ...] = ((0.25, 0.15, 0.08), (0.32, 0.22, 0.12), (0.30, 0.38, 0.25), (0.30, 0.45, 0.60))


@dataclass(frozen=True, kw_only=True)
class Garment:
    """A piece of clothing."""

    colour: Colour
    second: Colour
    pattern: Pattern


@dataclass(frozen=True, kw_only=True)
class BodySurface:
    """A person's surface; `seed` is that of its noise."""

    skin: Colour
    hair: Colour
    iris: Colour
    hair_length: HairLength
    stubble: float  # 0 none, 1 a dense shadow
    sleeves: Literal["short", "long"]
    legs: Literal["trousers", "shorts", "skirt"]
    top: Garment
    bottom: Garment
    shoes: Colour
    seed: int


def random_surface(random: np.random.Generator, identity: Identity) -> BodySurface:
    """Some look that goes with an identity: skin by ancestry, hair that greys with age."""
    african, asian, _ = identity.ancestry
    tone = float(np.clip(0.3 + 3.2 * african + 0.9 * asian + random.normal(0, 0.35), 0, len(SKIN) - 1))
    dark = african + asian > 0.5
    natural = HAIR[int(random.integers(2 if dark else len(HAIR)))]
    grey = (
        float(np.clip((identity.age - 0.7) * 4 + random.normal(0, 0.15), 0, 1)) if identity.age > 0.6 else 0.0
    )
    woman = identity.female > 0.5
    women: tuple[HairLength, ...] = ("full", "long", "long")
    men: tuple[HairLength, ...] = ("cropped", "short", "short", "full")
    lengths = women if woman else men
    return BodySurface(
        skin=mixed(SKIN, tone),
        hair=blend(natural, GREY, grey),
        iris=IRIS[int(random.integers(2 if dark else len(IRIS)))],
        hair_length=lengths[int(random.integers(len(lengths)))],
        stubble=0.0 if woman or identity.age < 0.4 else float(random.uniform(0, 0.8)),
        sleeves=("short", "long")[int(random.integers(2))],
        legs=("trousers", "shorts", "skirt")[
            int(random.choice(3, p=(0.6, 0.15, 0.25) if woman else (0.8, 0.2, 0.0)))
        ],
        top=random_garment(random),
        bottom=random_garment(random, plain=True),
        shoes=hsv(random.random(), 0.3, random.uniform(0.1, 0.5)),
        seed=int(random.integers(2**31)),
    )


def random_garment(random: np.random.Generator, *, plain: bool = False) -> Garment:
    """Cloth of some colour, not that of skin."""
    hue, kind = float(random.uniform(0.15, 0.95)), int(random.integers(len(PATTERNS)))
    return Garment(
        colour=hsv(hue, random.uniform(0.2, 0.7), random.uniform(0.2, 0.8)),
        second=hsv(hue + random.uniform(0.1, 0.5), random.uniform(0.1, 0.6), random.uniform(0.3, 0.95)),
        pattern="plain" if plain else PATTERNS[kind],
    )


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """The colour of a hue (turns), a saturation and a value (0..1)."""
    red, green, blue = colorsys.hsv_to_rgb(float(hue) % 1, float(saturation), float(value))
    return red, green, blue


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the way from one colour to another."""
    red, green, blue = (a + share * (b - a) for a, b in zip(one, other, strict=True))
    return red, green, blue


def mixed(scale: tuple[Colour, ...], at: float) -> Colour:
    """The colour at a place 0..n-1 of a scale of n."""
    low = min(int(at), len(scale) - 2)
    return blend(scale[low], scale[low + 1], at - low)
