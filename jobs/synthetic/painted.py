"""The texture of a person: skin with brows, lips, lashes and stubble, eyes, hair and cloth, from noise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.body_model import BodyModel
from jobs.synthetic.dressed import HEIGHT, TILES, WIDTH, spread
from jobs.synthetic.mesh_files import data_folder
from jobs.synthetic.noise import field, step
from jobs.synthetic.rasterise import baked
from jobs.synthetic.surface import BodySurface, Colour, Garment
from jobs.synthetic.wardrobe import ANKLE_Y, WAIST_Y, hair_depth

Map = NDArray[np.float32]
Picture = NDArray[np.uint8]

COARSE = 512
"""Side on which smooth fields of the skin are made, px."""
HEAD_Y = -0.56
"""On the model's rest pose, m: the head lies above."""
FACE_MASKS = ("ears", "lips", "inside-mouth", "eyelids")
NO_MASK = 12
"""Fainter texels of a mask are an artefact of its file."""
FLUSHED = ((0.042, -0.685, -0.13, 0.018), (0.0, -0.69, -0.165, 0.01))
"""Cheeks and the tip of the nose: place on the model's face, to one side, and size, m."""


def painted(model: BodyModel, surface: BodySurface) -> Picture:
    """The texture (1536, 2816, 3)."""
    random = np.random.default_rng(surface.seed + 2)
    sheet = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    tiles: dict[str, Map | Colour] = {
        "skin": skin(model, surface, random),
        "tights": cloth(model, "tights", surface, random),
        "skirt": cloth(model, "skirt", surface, random),
        "hair": hair(surface, random),
        "left_eye": eye(model, "left_eye", surface, random),
        "right_eye": eye(model, "right_eye", surface, random),
        "teeth": (0.74, 0.71, 0.64),
        "tongue": (0.55, 0.25, 0.25),
    }
    for name, tile in tiles.items():
        left, top, side = TILES[name]
        sheet[top : top + side, left : left + side] = tile
    return np.asarray(np.clip(255 * sheet, 0, 255), np.uint8)


def places(model: BodyModel, layer: str, side: int) -> Map:
    """Where on the model's rest pose (side, side, 3) texels of a layer lie, m, and a little beyond."""
    faces = model.faces(layer)
    texture = model.texture[model.quads_texture[faces]].reshape(-1, 2)
    if layer != "skin":
        texture = spread(model, layer, texture, side) / side
    corners = np.arange(len(texture)).reshape(-1, 4)
    triangles = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]]).astype(np.int32)
    where, covered = baked(texture, triangles, model.vertices[model.quads[faces]].reshape(-1, 3), side)
    near = cv2.blur(covered, (9, 9))
    beyond = cv2.blur(where * covered[..., None], (9, 9)) / np.maximum(near, 1e-6)[..., None]
    return np.asarray(np.where((covered > 0)[..., None], where, beyond), np.float32)


def mask(name: str) -> Map:
    """A mask of the skin's texture that comes with the model, 0..1, as large as its tile."""
    file = np.fromfile(data_folder() / f"mpfb2/textures/mpfb_{name}.jpg", np.uint8)
    side = TILES["skin"][2]
    whole = cv2.resize(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(np.where(whole < NO_MASK, 0, whole / 255), np.float32)


def lay(surface: Map, colour: Colour | Map, amount: Map) -> Map:
    """The surface with `amount` (0..1) of a colour over it, in place."""
    x, y, width, height = cv2.boundingRect((amount > 0).astype(np.uint8))
    region = (slice(y, y + height), slice(x, x + width))
    over = np.asarray(colour, np.float32)
    surface[region] += amount[region][..., None] * (
        (over if over.ndim == 1 else over[region]) - surface[region]
    )
    return surface


def skin(model: BodyModel, surface: BodySurface, random: np.random.Generator) -> Map:
    """Skin of the whole body."""
    side = TILES["skin"][2]
    coarse = places(model, "skin", COARSE)
    blotches = 0.6 * field(random, coarse, 0.05) + 0.4 * field(random, coarse, 0.015)
    grain = cv2.GaussianBlur(random.standard_normal((side, side), np.float32), (0, 0), 0.8)
    tone = 1 + 0.03 * cv2.resize(blotches, (side, side)) + 0.02 * grain
    base: Map = np.asarray(tinted(surface.skin, (1.0, 1.0, 1.0)) * tone[..., None], np.float32)
    lay(base, tinted(surface.skin, (1.02, 0.72, 0.68)), 0.5 * mask("fingernails"))
    at = places(model, "skin", side)
    x, y, width, height = cv2.boundingRect((at[..., 1] < HEAD_Y).astype(np.uint8))
    head = (slice(y, y + height), slice(x, x + width))
    face(model, surface, base[head], at[head], grain[head], {n: mask(n)[head] for n in FACE_MASKS})
    return base


def tinted(colour: Colour, by: Colour) -> Map:
    """A colour times another."""
    return np.asarray(np.asarray(colour, np.float32) * np.asarray(by, np.float32))


def face(
    model: BodyModel, surface: BodySurface, base: Map, at: Map, grain: Map, masks: dict[str, Map]
) -> None:
    """Flush, lips, lids, brows, lashes, beard and the scalp under the hair, over a piece of skin."""
    flush = np.zeros(at.shape[:2], np.float32)
    for x, y, z, size in FLUSHED:
        away = (np.abs(at[..., 0]) - x) ** 2 + (at[..., 1] - y) ** 2 + (at[..., 2] - z) ** 2
        flush = np.maximum(flush, np.exp(-away / (2 * size**2)))
    hair = tinted(surface.hair, (0.8, 0.8, 0.8))
    lay(base, tinted(surface.skin, (1.02, 0.72, 0.68)), 0.35 * flush + 0.35 * masks["ears"])
    lay(base, tinted(surface.skin, (0.90, 0.58, 0.60)), 0.85 * masks["lips"])
    lay(base, (0.25, 0.07, 0.07), masks["inside-mouth"])
    lay(base, tinted(surface.skin, (0.8, 0.8, 0.8)), 0.35 * masks["eyelids"])
    brows, lashes = brows_and_lashes(model, at)
    lay(base, hair, np.clip(brows * (0.8 + 0.25 * grain), 0, 0.95))
    lay(base, (0.08, 0.05, 0.05), 0.85 * lashes)
    cheeks = step(at[..., 1], -0.70, -0.66) * step(at[..., 1], -0.585, -0.61) * step(at[..., 2], -0.02, -0.06)
    beard = cheeks * (1 - masks["lips"]) * surface.stubble * (0.55 + 0.3 * grain)
    lay(base, hair, np.clip(0.6 * beard, 0, 0.8))
    lay(base, hair, 0.9 * step(hair_depth(at), 0.0, 0.012) * step(at[..., 1], -0.6, -0.62))


def brows_and_lashes(model: BodyModel, at: Map) -> tuple[Map, Map]:
    """How much (h, w) of brow and of lashes, 0..1, is at places (h, w, 3) of the model's face."""
    eye = model.vertices[np.unique(model.quads[model.faces("left_eye")])]
    middle = np.asarray((eye.min(axis=0) + eye.max(axis=0)) / 2, np.float32)
    radius, front = float(np.ptp(eye[:, 0])) / 2, at[..., 2] < middle[2]
    x, y = np.abs(at[..., 0]) - middle[0], at[..., 1] - middle[1]
    arc = -0.0225 - 0.004 * np.cos(np.clip((x - 0.004) / 0.022, -1.6, 1.6)) + 0.12 * np.maximum(x - 0.012, 0)
    thick = 0.0042 * step(x, 0.03, 0.008) + 0.0006
    brow = step(np.abs(y - arc) / thick, 1.25, 0.6) * step(x, -0.021, -0.016) * step(x, 0.031, 0.026)
    away = np.sqrt(x**2 + y**2 + (at[..., 2] - middle[2]) ** 2)
    return brow * front, step(away, radius * 1.13, radius * 1.04) * front


def eye(model: BodyModel, layer: str, surface: BodySurface, random: np.random.Generator) -> Map:
    """An eyeball that looks out of the face: white, iris, pupil and a glint."""
    side = TILES[layer][2]
    at = places(model, layer, side)
    ball = model.vertices[np.unique(model.quads[model.faces(layer)])]
    middle = (ball.min(axis=0) + ball.max(axis=0)) / 2
    out = np.linalg.norm((at - middle)[..., :2], axis=-1) / (np.ptp(ball[:, 0]) / 2)
    front = at[..., 2] < middle[2]
    white = np.full((side, side, 3), (0.90, 0.88, 0.86), np.float32)
    streaks = cv2.GaussianBlur(random.standard_normal((side, side), np.float32), (0, 0), 2)
    rim = np.asarray(surface.iris, np.float32) * 0.5
    white = lay(white, rim, step(out, 0.50, 0.46) * front)
    white = lay(
        white,
        np.asarray(surface.iris, np.float32) * (1 + 0.5 * streaks[..., None]),
        step(out, 0.44, 0.38) * front,
    )
    return lay(white, (0.02, 0.02, 0.02), step(out, 0.22, 0.18) * front)


def hair(surface: BodySurface, random: np.random.Generator) -> Map:
    """Strands: streaks along the texture."""
    side = TILES["hair"][2]
    noise = random.standard_normal((side, side), np.float32)
    strands = (
        cv2.GaussianBlur(noise, (0, 0), sigmaX=0.8, sigmaY=14) * 4 + cv2.GaussianBlur(noise, (0, 0), 10) * 5
    )
    return np.asarray(np.asarray(surface.hair, np.float32) * (1 + 0.28 * strands)[..., None], np.float32)


def cloth(model: BodyModel, layer: str, surface: BodySurface, random: np.random.Generator) -> Map:
    """Cloth of top, bottom and shoes by height on the body, with weave and soft folds."""
    side = TILES[layer][2]
    at = places(model, layer, side)
    folds = 0.6 * field(random, at, (0.05, 0.10, 0.05)) + 0.4 * field(random, at, (0.02, 0.05, 0.02))
    weave = cv2.GaussianBlur(random.standard_normal((side, side), np.float32), (0, 0), 0.7)
    shade = 1 + 0.09 * folds + 0.03 * weave
    arm = np.abs(at[..., 0]) > 0.21
    low = ((at[..., 1] > WAIST_Y) & ~(arm & (at[..., 1] < 0.0))).astype(np.float32)
    base = lay(pattern(surface.top, at), pattern(surface.bottom, at), low)
    foot = (at[..., 1] > ANKLE_Y + 0.012).astype(np.float32)
    return np.asarray(lay(base, surface.shoes, foot) * shade[..., None], np.float32)


def pattern(garment: Garment, at: Map) -> Map:
    """Colours (h, w, 3) of a garment at places on the body."""
    first = np.empty_like(at)
    first[:] = garment.colour
    x, y, z = np.moveaxis(at, -1, 0)
    around = np.arctan2(x, -z) * 0.16
    rows, columns = np.sin(2 * np.pi * y / 0.055), np.sin(2 * np.pi * around / 0.055)
    amount = {
        "plain": np.zeros_like(x),
        "stripes": step(rows, -0.2, 0.2),
        "checks": 0.45 * step(rows, -0.1, 0.1) + 0.45 * step(columns, -0.1, 0.1),
        "spots": step(rows * columns, 0.45, 0.6),
    }[garment.pattern]
    return lay(first, garment.second, np.asarray(amount, np.float32))
