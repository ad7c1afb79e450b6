"""Wan 2.2 TI2V-5B as the base: latent pixels of 16 px a side, so a fourth of the tokens of the others."""

from __future__ import annotations

from dataclasses import replace

from jobs.recipes.training.wan_1b import wan_1b
from model.nets import sizes
from model.train.settings import Training


def wan_5b() -> Training:
    """The training of the small public base on this one, whose files `--settings.base` and `.vae` name."""
    return replace(wan_1b(), sizes=sizes.wan_5b(), zero_stage=3)
