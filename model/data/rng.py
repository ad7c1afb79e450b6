"""Random numbers that are the same on every machine and under every version of numpy.

The words of Philox are fixed by its definition (Salmon et al., SC 2011); what numpy's generators make of them
is not promised to stay. Only words, integer arithmetic, exactly rounded division and sorting are used here.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def words(count: int, *purpose: str | int) -> Words:
    """`count` random 64-bit words that depend on the purpose alone."""
    key = hashlib.sha256("\0".join(map(str, purpose)).encode()).digest()[:16]
    return np.random.Philox(key=int.from_bytes(key, "little")).random_raw(count).astype(np.uint64, copy=False)


def stirred(values: Words, salt: Words | int) -> Words:
    """Words that follow from each value and salt as if drawn anew: SplitMix64 (Steele 2014)."""
    with np.errstate(over="ignore"):
        z = values + np.asarray(salt, np.uint64) * GOLDEN + GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def below(drawn: Words, limits: NDArray[np.integer] | int) -> Ints:
    """A whole number of 0..limit-1 from each word; limits are below 2^31."""
    high = (drawn >> np.uint64(32)).astype(np.uint64)
    return (high * np.asarray(limits, np.uint64) >> np.uint64(32)).astype(np.int64)


def fractions(drawn: Words) -> NDArray[np.float64]:
    """A number of [0, 1) from each word."""
    return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53
