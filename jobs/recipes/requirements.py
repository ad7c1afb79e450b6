"""What a training needs before its first step: weights of others, and memory."""

from __future__ import annotations

from jobs.recipes.training import Name
from model.planning.room import free_bytes, standing_bytes
from model.train.distributed import DistributedContext
from model.train.settings import Training

ON_PUBLIC_WEIGHTS: tuple[Name, ...] = ("wan_1b", "wan_5b", "paper", "speech_wan_1b")
"""Recipes whose sizes and rates are those of a public base."""
GIB = 2**30


def refuse_without_weights(recipe: Name, settings: Training) -> None:
    """Returns where a recipe that begins from public weights is given them.

    Raises:
        ValueError: it is not; says which flags, and where the files are had.
    """
    if recipe not in ON_PUBLIC_WEIGHTS:
        return
    missing = [f"--settings.{name}" for name in ("base", "vae") if getattr(settings, name) is None]
    if missing:
        raise ValueError(
            f"recipe {recipe} begins from public weights: give {' and '.join(missing)} (docs/weights.md says "
            "where they are had), or train all of it from nothing with --from-nothing"
        )


def refuse_without_memory(settings: Training, context: DistributedContext) -> None:
    """Returns where a device has room for what a training keeps there all the time.

    Raises:
        ValueError: it has not; says how much is missing.
    """
    needed, free = standing_bytes(settings, context.world_size), free_bytes(context.device)
    if free is not None and needed > free:
        raise ValueError(
            f"weights, gradients and optimizer take {needed / GIB:.1f} GiB of {context.device}, and "
            f"{free / GIB:.1f} GiB are free: smaller --settings.sizes, more ranks and "
            "--settings.zero-stage 3, or a larger machine; see understudy estimate-training"
        )
