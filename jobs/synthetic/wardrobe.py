"""What covers a body: sheets of the model's mesh, moved outward and cut, of hair, top, bottom and shoes.

Where each begins and ends is told on the model's own rest pose (figure's frame, metres), alike for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.body_model import BodyModel
from jobs.synthetic.noise import field, step
from jobs.synthetic.surface import BodySurface

Array = NDArray[np.float64]

HEAD = np.array([0.0, -0.725, -0.01])
"""Middle of the model's head, between the ears."""
WAIST_Y, WRIST_X, ELBOW_X, KNEE_Y, ANKLE_Y = -0.08, 0.405, 0.275, 0.37, 0.745
NECK = np.array([0.0, -0.575, -0.012])
CLOTH_M = {"top": 0.011, "bottom": 0.007, "shoes": 0.006, "skirt": 0.012}
HAIR_M = {"cropped": 0.006, "short": 0.018, "full": 0.034, "long": 0.030}
UNDER_M = 0.02
"""So far skin reaches under a hem."""


@dataclass(frozen=True)
class Sheet:
    """Quads of a layer of the model, painted from a tile of the texture."""

    layer: str
    tile: str
    faces: NDArray[np.intp]
    outward: Array  # n, m along the normal
    inside: Array  # n, positive where the sheet is, m


def sheets(model: BodyModel, surface: BodySurface) -> list[Sheet]:
    """All of a person: what is bare of the skin, eyes, mouth, clothes, hair."""
    cloth = clothes(model, surface)
    covered = np.max([sheet.inside for sheet in cloth if sheet.layer == "tights"], axis=0) - UNDER_M
    none, all_over = np.zeros(len(model.vertices)), np.ones(len(model.vertices))
    inner = {name: name for name in ("left_eye", "right_eye", "tongue")}
    inner |= dict.fromkeys(("upper_teeth", "lower_teeth"), "teeth")
    bare = [Sheet(layer, tile, model.faces(layer), none, all_over) for layer, tile in inner.items()]
    skin = Sheet("skin", "skin", model.faces("skin"), none, -covered)
    return [skin, *bare, *cloth, *hair(model, surface)]


def clothes(model: BodyModel, surface: BodySurface) -> list[Sheet]:
    """Top, bottom and shoes."""
    random = np.random.default_rng(surface.seed)
    x, y, z = np.abs(model.vertices[:, 0]), model.vertices[:, 1], model.vertices[:, 2]
    arm = np.minimum(x - 0.20, 0.05 - y)  # beyond the armpit
    trunk = -arm
    sleeve = (WRIST_X if surface.sleeves == "long" else ELBOW_X) - x
    collar = np.linalg.norm((model.vertices - NECK) * (1.0, 1.3, 0.8), axis=1) - 0.064
    hem = {"trousers": ANKLE_Y + 0.02, "shorts": KNEE_Y, "skirt": WAIST_Y + 0.12}[surface.legs] - y
    above = np.maximum(WAIST_Y + 0.05 - y, arm)
    inside = {
        "top": np.minimum.reduce([sleeve, np.where(y < NECK[1] - 0.03, -0.01, collar), above]),
        "bottom": np.minimum.reduce([y - (WAIST_Y - 0.02), hem, trunk]),
        "shoes": np.minimum(y - ANKLE_Y, trunk),
    }
    folds = field(random, model.vertices, (0.05, 0.09, 0.05)) + 0.5 * field(random, model.vertices, 0.025)
    made = []
    for name, region in inside.items():
        thick = CLOTH_M[name] * (1 + (0.35 * folds if name != "shoes" else 0 * z))
        made.append(Sheet("tights", "tights", model.faces("tights"), thick, region))
    if surface.legs == "skirt":
        thick, everywhere = CLOTH_M["skirt"] * (1 + 0.5 * folds), np.ones(len(x))
        made.append(Sheet("skirt", "skirt", model.faces("skirt"), thick, everywhere))
    return made


def hair_depth(points: NDArray[Any]) -> NDArray[Any]:
    """How far inside the hairline (...) points (..., 3) of the model's head lie, m; negative on the face."""
    at = points - HEAD
    return np.asarray(-0.80 * at[..., 1] + 0.62 * at[..., 2] + 0.012)


def hair(model: BodyModel, surface: BodySurface) -> list[Sheet]:
    """The hair above the scalp, and what hangs down."""
    random = np.random.default_rng(surface.seed + 1)
    locks, rough = field(random, model.vertices, (0.02, 0.05, 0.03)), field(random, model.vertices, 0.008)
    depth = hair_depth(model.vertices) + 0.003 * locks + 0.003 * rough
    at = model.vertices - HEAD
    ear = np.minimum.reduce([np.abs(at[:, 0]) - 0.072, 0.042 - np.abs(at[:, 1]), 0.045 - np.abs(at[:, 2])])
    inside = np.minimum.reduce([depth, -ear, 0.10 - at[:, 1]])
    thick = (
        HAIR_M[surface.hair_length] * np.asarray(step(depth, 0.0, 0.065) * (1 + 0.35 * locks), np.float64)
        + 0.002
    )
    made = [Sheet("skin", "hair", model.faces("skin"), thick, inside)]
    if surface.hair_length == "long":
        behind = np.minimum.reduce([at[:, 2] - 0.03, 0.30 + 0.03 * rough - at[:, 1], 0.10 - np.abs(at[:, 0])])
        fall = np.asarray(0.034 + 0.008 * locks, np.float64)
        made.append(Sheet("skin", "hair", model.faces("skin"), fall, np.minimum(behind, at[:, 1])))
        strips = np.minimum(at[:, 2] + 0.025, 0.32 - at[:, 1])
        made.append(Sheet("long_hair", "hair", model.faces("long_hair"), np.full(len(at), 0.015), strips))
    return made
