"""Which devices this machine has."""

from __future__ import annotations


def num_cuda_devices() -> int:
    """GPUs that torch sees here; asked only where a step wants one, for torch takes seconds to import."""
    import torch

    return torch.cuda.device_count()
