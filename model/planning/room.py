"""What a training keeps on a device all the time, and what is free there."""

from __future__ import annotations

from pathlib import Path

import torch

from model.planning.activations import Precision
from model.planning.memory import Sharing, memory
from model.planning.products import WindowSpec
from model.train.engines.engine import DTYPES
from model.train.settings import Training

SMALLEST = WindowSpec(frames=1, width=16, height=16)
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def standing_bytes(settings: Training, world_size: int) -> int:
    """What a rank keeps all the time in the phase that takes most."""
    how = Sharing(
        zero_stage=settings.zero_stage,
        world_size=world_size,
        activation_checkpointing=settings.activation_checkpointing,
        sequence_parallel=settings.sequence_parallel,
        offload=settings.offload,
        precision=Precision(value=DTYPES[settings.dtype].itemsize, fused=True),
    )
    taught = (frozenset(phase.learning) for phase in settings.stages if phase.task == "video")
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
