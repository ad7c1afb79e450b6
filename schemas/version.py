"""Versions of what lies on disk, and what may read what."""

SCHEMA = 3
"""Layout of a data set that is written (formats.md)."""

READABLE = tuple(range(1, SCHEMA + 1))
"""Layouts that are read. A reader refuses any other."""

RULES_OF_1 = 13
"""The one number by which the last data sets of schema 1 knew the rules of all steps: those of version 1."""

DRAWING = 1
"""Rules by which `schemas.drawing` turns numbers into maps. Trained weights depend on it."""

LATENTS = 1
"""Way from a stored sample to stored latents, the autoencoder aside: decoding, scaling, rounding."""

MIRRORED_LATENTS = -LATENTS
"""The same way from a sample as it is seen in a mirror."""
