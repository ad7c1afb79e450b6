"""Pictures for people who audit: overlays, labels, rows and columns. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from schemas.visible import visible

Picture = NDArray[np.uint8]
FONT = ImageFont.load_default(size=15)
LINE_PX = 20
INK = (235, 235, 235)
PAPER = 24
NOTHING = np.zeros(3, np.uint8)


def overlay(
    frames: NDArray[np.uint8], skeleton: NDArray[np.uint8], sphere: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The video under its own control maps, as bright as it is where nothing is drawn; (t, H, W, 3)."""
    laid = frames.copy()
    for picture, bones, ball in zip(laid, skeleton, sphere, strict=True):
        drawn = np.flatnonzero(cv2.inRange(bones | ball, NOTHING, NOTHING) == 0)
        line, round_it = (numbers.reshape(-1, 3)[drawn].astype(np.float32) for numbers in (bones, ball))
        mark = np.where(line.any(axis=-1, keepdims=True), line, round_it * np.float32(0.75))
        seen = picture.reshape(-1, 3)
        seen[drawn] = seen[drawn] * np.float32(0.35) + mark * np.float32(0.65)
    return laid


def fit(picture: Picture, height: int) -> Picture:
    """The picture at this height."""
    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    shrinks = height < picture.shape[0]
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    )


def beside(pictures: Sequence[Picture], gap: int = 4) -> Picture:
    """Pictures of one height in a row."""
    parts: list[Picture] = []
    for picture in pictures:
        parts += [picture, np.full((picture.shape[0], gap, 3), PAPER, np.uint8)]
    return np.concatenate(parts[:-1], axis=1)


def below(pictures: Sequence[Picture], gap: int = 4) -> Picture:
    """Pictures under each other, left-aligned, the narrower ones on paper."""
    width = max(picture.shape[1] for picture in pictures)
    parts: list[Picture] = []
    for picture in pictures:
        padded = np.full((picture.shape[0] + gap, width, 3), PAPER, np.uint8)
        padded[: picture.shape[0], : picture.shape[1]] = picture
        parts.append(padded)
    return np.concatenate(parts)


def label(lines: Sequence[str], width: int) -> Picture:
    """Lines of text on paper."""
    image = Image.new("RGB", (width, LINE_PX * len(lines) + 4), (PAPER, PAPER, PAPER))
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((4, 2 + LINE_PX * number), visible(line), fill=INK, font=FONT)
    return np.asarray(image)


def captioned(picture: Picture, text: str) -> Picture:
    """The picture with a word in its corner, if there is one."""
    if not text:
        return picture
    text = visible(text)
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    box = pen.textbbox((4, 2), text, font=FONT)
    pen.rectangle((0, 0, box[2] + 4, box[3] + 3), fill=(0, 0, 0))
    pen.text((4, 2), text, fill=INK, font=FONT)
    return np.asarray(image)
