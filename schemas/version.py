"""Versions of what lies on disk, and what may read what."""

SCHEMA = 3
"""Layout of a data set that is written (formats.md)."""

READABLE = tuple(range(1, SCHEMA + 1))
"""Layouts that are read. A reader refuses any other."""

DRAWING = 1
"""Rules by which `schemas.drawing` turns numbers into maps. Trained weights depend on it."""

LATENTS = 1
"""Way from a stored sample to stored latents, the autoencoder aside: decoding, scaling, rounding."""
