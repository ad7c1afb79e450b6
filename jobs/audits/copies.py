"""Samples that show the same pictures: fingerprints that differ in few bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BITS, BANDS = 192, 12
ALIKE_BITS = BANDS - 1
"""Fingerprints that differ in so many bits or fewer have a band in common, so that none is missed."""
NEIGHBOURS = 16
"""Of the samples that share a band each is compared with so many that follow it by fingerprint."""
Bits = NDArray[np.uint8]


def copies(fingerprints: Sequence[str]) -> NDArray[np.int64]:
    """A number for each fingerprint; those that are alike, directly or over others, have the same.

    Where more than `NEIGHBOURS` share a band, those far apart in the order of fingerprints may be missed.
    """
    prints = np.frombuffer(bytes.fromhex("".join(fingerprints)), np.uint8).reshape(len(fingerprints), -1)
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *bands(prints)])
    links = coo_array((np.ones(len(pairs), np.int8), pairs.T), shape=(len(prints), len(prints)))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def bands(prints: Bits) -> Iterator[NDArray[np.int64]]:
    """Pairs (n, 2) of fingerprints that are alike, band by band."""
    width = prints.shape[1] // BANDS
    for band in range(BANDS):
        mine = prints[:, band * width : (band + 1) * width]
        whole = np.lexsort((*prints.T[::-1], *mine.T[::-1]))
        for ahead in range(1, min(NEIGHBOURS, len(prints) - 1) + 1):
            first, other = whole[:-ahead], whole[ahead:]
            same = np.flatnonzero((mine[first] == mine[other]).all(axis=1))
            first, other = first[same], other[same]
            near = np.bitwise_count(prints[first] ^ prints[other]).sum(axis=1) <= ALIKE_BITS
            yield np.stack([first[near], other[near]], axis=1)
