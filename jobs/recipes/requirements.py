"""What a training needs before its first step: weights of others, and memory."""

from __future__ import annotations

from pathlib import Path

import torch

from jobs.recipes.training import Name
from model.planning.activations import Precision
from model.planning.memory import Sharing, memory
from model.planning.products import WindowSpec
from model.train.engines.engine import DTYPES
from model.train.settings import Training

ON_PUBLIC_WEIGHTS: tuple[Name, ...] = ("wan_1b", "paper", "speech_wan_1b")
"""Recipes whose sizes and rates are those of a public base."""
GIB = 2**30
SMALLEST = WindowSpec(frames=1, width=16, height=16)
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


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


def refuse_without_memory(settings: Training, world_size: int, device: torch.device) -> None:
    """Returns where a device has room for what a training keeps there all the time.

    Raises:
        ValueError: it has not; says how much is missing.
    """
    needed, there = standing_bytes(settings, world_size), free_bytes(device)
    if there is not None and needed > there:
        raise ValueError(
            f"weights, gradients and optimizer take {needed / GIB:.1f} GiB of {device}, and "
            f"{there / GIB:.1f} GiB are free: smaller --settings.sizes, more ranks and "
            "--settings.zero-stage 3, or a larger machine; see understudy estimate-training"
        )


def standing_bytes(settings: Training, world_size: int) -> int:
    """What a rank keeps all the time in the phase that takes most."""
    how = Sharing(
        zero_stage=settings.zero_stage,
        world_size=world_size,
        activation_checkpointing=settings.activation_checkpointing,
        precision=Precision(value=DTYPES[settings.dtype].itemsize, fused=True),
    )
    taught = (frozenset(phase.learning) for phase in settings.phases if phase.task == "video")
    return max(memory(settings.sizes, SMALLEST, parts, how).standing for parts in taught)


def free_bytes(device: torch.device) -> int | None:
    """Memory that is free on a device; None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_of(text_of(MEMINFO), text_of(CGROUP / "memory.max"), text_of(CGROUP / "memory.current"))


def free_of(meminfo: str, most: str, used: str) -> int | None:
    """What a machine has free, and its container may take, by the kernel's own files."""
    found = [line.split()[1] for line in meminfo.splitlines() if line.startswith("MemAvailable:")]
    free = [int(kib) * 1024 for kib in found]
    if most.strip().isdecimal() and used.strip().isdecimal():
        free.append(max(0, int(most) - int(used)))
    return min(free, default=None)


def text_of(file: Path) -> str:
    """The text of a file, empty where there is none."""
    try:
        return file.read_text()
    except OSError:
        return ""
