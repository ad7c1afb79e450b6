"""Made-up pictures of two shots, and what a pass over them finds."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np

from pipeline.shots.scan import ShotScan, SplitSettings, scan
from schemas.media import Frames

FPS = 25


def shot(seed: int, num: int, speed_px: float = 0.5) -> Frames:
    """Pictures (t 90 160 3) of a ball that moves before a wall of colours, another one for each seed."""
    dice = np.random.default_rng(seed)
    wall, colour = dice.integers(20, 235, (9, 16, 3), np.uint8), dice.integers(20, 235, 3).tolist()
    frames = np.stack([cv2.resize(wall, (160, 90), interpolation=cv2.INTER_CUBIC)] * num)
    for k, frame in enumerate(frames):
        cv2.circle(frame, (30 + round(k * speed_px) % 100, 45), 10, colour, -1)
    return frames


def panned(seed: int, num: int, speed_px: float) -> Frames:
    """A window (t 90 160 3) that moves over a soft pattern of colours."""
    dice = np.random.default_rng(seed)
    large = cv2.resize(
        dice.integers(20, 235, (7, 40, 3), np.uint8), (1280, 90), interpolation=cv2.INTER_CUBIC
    )
    return np.stack([large[:, (x := round(k * speed_px)) : x + 160] for k in range(num)])


def scanned(frames: Frames) -> ShotScan:
    return scan(((Fraction(k, FPS), frame) for k, frame in enumerate(frames)), SplitSettings())


def through(one: Frames, other: Frames, first: int, num: int) -> Frames:
    """`one` up to picture `first`, `num` pictures in which it dissolves, then `other`."""
    share = np.clip((np.arange(len(one)) - first + 1) / (num + 1), 0, 1)[:, None, None, None]
    return np.asarray((1 - share) * one + share * other).round().astype(np.uint8)


def wiped(one: Frames, other: Frames, first: int, num: int) -> Frames:
    """As `through`, from left to right."""
    edge = np.clip((np.arange(len(one)) - first + 1) / (num + 1), 0, 1) * one.shape[2]
    new = np.arange(one.shape[2]) < edge[:, None]
    return np.where(new[:, None, :, None], other, one)
