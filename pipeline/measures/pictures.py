"""What pictures of a sample are like: sharpness, light, bars, text, change, and a fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.measures.body import hands
from pipeline.measures.measure import Measure
from pipeline.measures.opened import OpenedSample, grey

Grey = NDArray[np.uint8]
HAND_PX = 64
"""Side that hands are looked at with: their own pixels are few."""
FLAT = 4.0
"""Grey levels by which a row of a bar may deviate from its mean."""
DARK = 40.0
"""Grey levels that a bar is darker than: plain walls are lighter."""
ALIKE = 12.0
"""Grey levels by which rows of a bar may differ from its outermost row."""
LETTER_PX = 480
"""Length of the picture's longer side when letters are looked for."""
STEEP = 48
"""Grey levels of a stroke against its surroundings."""
DCT_PX, DCT_KEPT = 32, 8
CHANNELS = 4
"""Pictures that OpenCV shrinks as one, in less than twice the time of one, to the same values."""


def by_fours(pictures: Sequence[Grey], work: Callable[[Grey], Grey]) -> NDArray[np.uint8]:
    """What `work` makes (t, y, x) of pictures (h, w), given to it as channels (h, w, up to `CHANNELS`)."""
    parts = (pictures[at : at + CHANNELS] for at in range(0, len(pictures), CHANNELS))
    space = np.empty((*pictures[0].shape, CHANNELS), np.uint8)  # of all parts but a short one
    return np.stack([made for part in parts for made in cv2.split(work(cv2.merge(part, space)))])


def sharpness(picture: Grey) -> float:
    """Variance of the Laplacian."""
    return float(cv2.Laplacian(picture, cv2.CV_32F).var())


def face_sharpness(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    shown = np.flatnonzero(sample.controls.face_valid)[::6]
    return float(np.median([sharpness(grey(sample.faces[t])) for t in shown])) if len(shown) else None


def hand_sharpness(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    found = []
    for points, score, _ in hands(sample.controls):
        for picture, t in zip(sample.frames, sample.looked_at, strict=True):
            if score[t] > 0 and (part := cut(picture, points[t])) is not None:
                found.append(
                    sharpness(cv2.resize(grey(part), (HAND_PX, HAND_PX), interpolation=cv2.INTER_AREA))
                )
    return float(np.median(found)) if found else None


def cut(picture: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """The part of a picture around points; None where little of it is inside."""
    low = np.maximum(points.min(axis=0), 0).astype(int)
    high = np.minimum(points.max(axis=0) + 1, picture.shape[1::-1]).astype(int)
    if (high - low).min() < 8:
        return None
    return picture[low[1] : high[1], low[0] : high[0]]


def brightness(sample: OpenedSample) -> float:
    """See `MEASURES`."""
    return float(np.mean([cv2.mean(picture)[0] for picture in sample.greys]))


def contrast(sample: OpenedSample) -> float:
    """See `MEASURES`."""
    return float(np.mean([cv2.meanStdDev(picture)[1] for picture in sample.greys]))


def bars(sample: OpenedSample) -> float:
    """See `MEASURES`."""
    lightest = sample.greys[:: max(len(sample.frames) // 4, 1)].max(axis=0)
    return max(bar_share(lightest), bar_share(lightest.T))


def bar_share(picture: Grey) -> float:
    """Share of rows from the top and from the bottom on that are dark and of the outermost's colour."""
    level = picture.mean(axis=1)
    plain = level <= DARK
    plain[plain] = picture[plain].std(axis=1) <= FLAT
    share = 0.0
    for order in (slice(None), slice(None, None, -1)):
        bar = (plain & (np.abs(level - level[order][0]) <= ALIKE))[order]
        share += float(len(bar) if bar.all() else bar.argmin()) / len(bar)
    return share


def text(sample: OpenedSample) -> float:
    """See `MEASURES`."""
    found = by_fours([*sample.greys[:: max(len(sample.frames) // 4, 1)]], strokes)
    return line_boxes(found.min(axis=0) > STEEP)


def strokes(pictures: Grey) -> Grey:
    """By how much thin bright or dark strokes stand out from what is around them, in each channel."""
    scale = LETTER_PX / max(pictures.shape)
    small = cv2.resize(pictures, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (9, 9))
    hats = (cv2.morphologyEx(small, how, kernel) for how in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT))
    return np.asarray(np.maximum(*hats))


def line_boxes(found: NDArray[np.bool_]) -> float:
    """Share of the picture under boxes that strokes fill as letters fill a line."""
    joined = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 13), np.uint8))
    share = 0.0
    for x, y, width, height, _ in cv2.connectedComponentsWithStats(joined)[2][1:]:
        if width >= 3 * height and 5 <= height <= 60:
            part = found[y : y + height, x : x + width]
            changes = np.abs(np.diff(part.astype(np.int8), axis=1)).sum(axis=1).max()
            if 0.15 <= part.mean() <= 0.85 and changes >= 8:
                share += float(width * height) / found.size
    return share


def picture_change(sample: OpenedSample) -> float | None:
    """See `MEASURES`."""
    if len(sample.frames) < 2:
        return None
    small = by_fours([*sample.greys], partial(cv2.resize, dsize=(64, 64), interpolation=cv2.INTER_AREA))
    return float(np.median(np.abs(np.diff(small.astype(np.float32), axis=0)).mean(axis=(1, 2))))


def fingerprint(greys: NDArray[np.uint8]) -> str:
    """Hex digits of 3 x 64 bits: which low frequencies of three pictures are above their median.

    Of an early, a middle and a late one. Known as a perceptual hash (Zauner, 2010): another encoding, size or
    brightness changes few bits of it.
    """
    shown = np.linspace(0, len(greys) - 1, 7, dtype=int)[[1, 3, 5]]
    shrink = partial(cv2.resize, dsize=(DCT_PX, DCT_PX), interpolation=cv2.INTER_AREA)
    return "".join(map(bits_of, by_fours([greys[t] for t in shown], shrink).astype(np.float32)))


def bits_of(small: NDArray[np.float32]) -> str:
    """16 hex digits of one picture of `DCT_PX` on both sides."""
    low = cv2.dct(small)[:DCT_KEPT, :DCT_KEPT].ravel()
    return np.packbits(low > np.median(low[1:])).tobytes().hex()


picture_measure = partial(Measure, source="variance of the Laplacian: Pech-Pacheco and others, ICPR 2000")
MEASURES = (
    picture_measure(
        name="face_sharpness",
        unit="grey levels^2",
        says="variance of the Laplacian of the face crop, median of every sixth frame with a face",
        of=face_sharpness,
    ),
    picture_measure(
        name="hand_sharpness",
        unit="grey levels^2",
        says="variance of the Laplacian of the hands at 64 px, median of every sixth frame",
        of=hand_sharpness,
    ),
    Measure(
        name="brightness",
        unit="grey levels",
        says="mean luma, 0 to 255",
        source="ITU-R BT.601",
        of=brightness,
    ),
    Measure(
        name="contrast",
        unit="grey levels",
        says="deviation of luma within a picture, mean",
        source="RMS contrast: Peli, JOSA A 1990",
        of=contrast,
    ),
    Measure(
        name="bars",
        unit="share of a side",
        says="rows or columns from the border on that are dark and of one colour throughout the clip",
        source="formats.md: a canvas is filled by its picture",
        of=bars,
    ),
    Measure(
        name="text",
        unit="share of the picture",
        says="boxes that thin strokes fill as letters fill a line, and that stand still",
        source="top-hat text localisation: Wu and others, Pattern Recognition 2008",
        of=text,
    ),
    Measure(
        name="picture_change",
        unit="grey levels",
        says="mean difference between pictures a quarter of a second apart at 64x64 px, median",
        source="formats.md: frozen shots are not kept",
        of=picture_change,
    ),
)
