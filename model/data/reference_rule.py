"""How many references a draw shows, by its seed alone: the order counts with them (method.md 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.data.rng import Ints, Words, below, fractions, stirred
from schemas.sample import MAX_REFERENCES

SINGLE, MANY = 11, 12
"""Salts of the two questions."""


@dataclass(frozen=True, kw_only=True)
class ReferenceRule:
    """How many of a sample's references are shown, and which."""

    single: float = 0.5
    """Probability of one reference; otherwise two to all of them, each number alike."""
    max_references: int = MAX_REFERENCES
    """Most references shown."""
    apart_s: float = 0.5
    """References this far outside the window are taken before others: 12 frames."""


def num_shown(rule: ReferenceRule, available: Ints, seeds: Words) -> Ints:
    """References that draws of these seeds show, where samples have so many."""
    most = np.minimum(available, rule.max_references)
    many = 2 + below(stirred(seeds, MANY), np.maximum(most - 1, 1))
    single = fractions(stirred(seeds, SINGLE)) < rule.single
    return np.asarray(np.where((most <= 1) | single, np.minimum(most, 1), many), np.int64)
