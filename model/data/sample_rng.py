"""What is still open when a sample is shown, drawn from its own seed: references, dropout, augmentation.

Every question has a name, and its answer depends on the seed and that name alone: switching one augmentation
on changes nothing else of what is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.data.reference_rule import ReferenceRule, num_shown
from model.data.rng import Ints, fractions, words


@dataclass(frozen=True)
class SampleRng:
    """Answers to named questions, all from one seed."""

    seed: int

    def units(self, name: str, count: int) -> NDArray[np.float64]:
        """Numbers of [0, 1)."""
        return fractions(words(count, "lot", self.seed, name))

    def unit(self, name: str) -> float:
        """A number of [0, 1)."""
        return float(self.units(name, 1)[0])

    def between(self, name: str, low: float, high: float) -> float:
        """A number of [low, high)."""
        return low + (high - low) * self.unit(name)

    def order(self, name: str, count: int) -> Ints:
        """The numbers 0..count-1 in a random order."""
        return np.argsort(words(count, "lot", self.seed, name), kind="stable")

    def generator(self, name: str) -> np.random.Generator:
        """For noise: many numbers, whose stream numpy may change with a version."""
        return np.random.default_rng(words(2, "lot", self.seed, name).tolist())


def draw_references(
    chances: SampleRng, rule: ReferenceRule, times_s: tuple[float, ...], window_s: tuple[float, float]
) -> list[int]:
    """Numbers of the references to show, in a random order.

    `times_s` are the references' and `window_s` the first and last frame's times in the source.
    """
    available, seeds = np.array([len(times_s)]), np.array([chances.seed], np.uint64)
    count = int(num_shown(rule, available, seeds)[0])
    first, last = window_s[0] - rule.apart_s, window_s[1] + rule.apart_s
    order = chances.order("references", len(times_s)).tolist()
    near = [first < times_s[number] < last for number in order]
    preferred = [number for _, number in sorted(zip(near, order, strict=True), key=lambda pair: pair[0])]
    chosen = preferred[:count]
    return [chosen[place] for place in chances.order("order of references", count)]


@dataclass(frozen=True, kw_only=True)
class DropoutRule:
    """How often conditions are withheld, for guidance (method.md 7.7); at most one of the first four happens.

    A caption goes with the references too: guidance asks for both together.
    """

    references: float = 0.10
    """The references alone."""
    motion: float = 0.10
    """Pose and face together."""
    face: float = 0.10
    """The face alone."""
    everything: float = 0.05
    """References, pose and face."""
    caption: float = 0.10
    """The caption, whatever else is withheld."""

    def __post_init__(self) -> None:
        """Check that the probabilities leave none below zero."""
        parts = (self.references, self.motion, self.face, self.everything)
        if min(parts) < 0 or sum(parts) > 1:
            raise ValueError(f"dropout probabilities {parts}: each at least 0, at most 1 in all")
        if not 0 <= self.caption <= 1:
            raise ValueError(f"the caption's dropout probability is from 0 to 1, not {self.caption:g}")


@dataclass(frozen=True, kw_only=True)
class Dropout:
    """Conditions that are withheld from one sample. The data are whole: the model does the withholding."""

    references: bool = False
    pose: bool = False
    face: bool = False
    caption: bool = False


def draw_dropout(chances: SampleRng, rule: DropoutRule) -> Dropout:
    """Which conditions are withheld."""
    edges = np.cumsum([rule.references, rule.motion, rule.face, rule.everything])
    case = int(np.searchsorted(edges, chances.unit("dropout"), side="right"))
    found = (
        Dropout(references=True),
        Dropout(pose=True, face=True),
        Dropout(face=True),
        Dropout(references=True, pose=True, face=True),
        Dropout(),
    )[case]
    untold = found.references or chances.unit("caption") < rule.caption
    return replace(found, caption=untold)
