"""Versions of what lies on disk, and what may read what."""

SCHEMA = 1
"""Layout of a data set (formats.md). A reader refuses any other."""

DRAWING = 1
"""Rules by which `schemas.drawing` turns numbers into maps. Trained weights depend on it."""

LATENTS = 1
"""Way from a stored sample to stored latents, the autoencoder aside: decoding, scaling, rounding."""
