"""Which frames of a clip a draw shows: a window of 4k+1 frames at a drawn start (method.md 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.data.rng import Ints, Words, below, stirred
from schemas.media import MIN_CLIP_FRAMES

FRAMES_PER_LATENT = 4
PX_PER_TOKEN = 16


@dataclass(frozen=True, kw_only=True)
class WindowRule:
    """How windows are drawn: lengths uniform over those that fit, then starts uniform over those that fit."""

    min_frames: int = MIN_CLIP_FRAMES
    """Fewest frames of a window, 4k+1."""
    max_frames: int = 121
    """Most frames of a window, 4k+1."""
    variants: int | None = None
    """A clip only ever gives so many windows, in turn: their latents can be stored. None: always new ones."""

    def __post_init__(self) -> None:
        """Check the lengths."""
        for frames in (self.min_frames, self.max_frames):
            if frames % FRAMES_PER_LATENT != 1:
                raise ValueError(f"windows have 4k+1 frames; {frames} is not of that form")
        if not 1 <= self.min_frames <= self.max_frames:
            raise ValueError(f"windows of {self.min_frames} to {self.max_frames} frames: the range is empty")
        if self.variants is not None and self.variants < 1:
            raise ValueError(f"{self.variants} variants: at least one window a clip, or None")


def num_tokens(width: Ints | int, height: Ints | int, frames: Ints | int) -> Ints:
    """Tokens of a window: one for each 16x16 px of a latent frame; frame 0 is one, then every four.

    Those of a VAE of strides (4, 8, 8) under patches of (1, 2, 2), or (4, 16, 16) under (1, 1, 1) (method.md
    7.1).
    """
    latent = 1 + (np.asarray(frames, np.int64) - 1) // FRAMES_PER_LATENT
    return np.asarray(latent * (width // PX_PER_TOKEN) * (height // PX_PER_TOKEN), np.int64)


def clips_of(tokens: Ints | int, picture: Ints | int, max_tokens: int, references: int) -> Ints:
    """Clips of so many tokens that a batch holds, at least one, each with as many `references` of a picture.

    Together they have no more tokens than one clip of `max_tokens` and its references: the longest clip is
    also the largest batch.
    """
    beside = references * np.asarray(picture, np.int64)
    return np.maximum(1, (max_tokens + beside) // (np.asarray(tokens, np.int64) + beside))


def longest_window(frames: Ints, width: Ints, height: Ints, rule: WindowRule, max_tokens: int) -> Ints:
    """Most frames of a window of each clip, 4k+1, by clip, rule and budget; below the least, none fits."""
    per_frame = num_tokens(width, height, 1)
    by_clip = (np.minimum(frames, rule.max_frames) - 1) // FRAMES_PER_LATENT
    by_budget = max_tokens // per_frame - 1
    return np.asarray(FRAMES_PER_LATENT * np.minimum(by_clip, by_budget) + 1, np.int64)


def windows_of(frames: int, longest: int, ident: Words, rule: WindowRule) -> list[tuple[int, int]]:
    """First frame and number of frames of all windows that one clip ever gives, each once.

    Raises:
        ValueError: the rule always gives new ones.
    """
    if rule.variants is None:
        raise ValueError("windows are drawn anew every time: set window.variants to bound their number")
    many = np.ones(rule.variants, np.int64)
    start, length = draw_windows(
        frames * many,
        longest * many,
        np.repeat(ident, rule.variants),
        np.arange(rule.variants, dtype=np.uint64),
        rule,
    )
    return list(dict.fromkeys(zip(start.tolist(), length.tolist(), strict=True)))


def draw_windows(
    frames: Ints, longest: Ints, ident: Words, salt: Words, rule: WindowRule
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First frame and number of frames of a window of each clip, fixed by the clip's `ident` and the salt."""
    base = stirred(ident, salt)
    choices = (longest - rule.min_frames) // FRAMES_PER_LATENT + 1
    length = rule.min_frames + FRAMES_PER_LATENT * below(stirred(base, 1), choices)
    start = below(stirred(base, 2), frames - length + 1)
    return start, length
