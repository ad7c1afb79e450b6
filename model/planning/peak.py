"""What GPUs can do at most in bfloat16, dense, as their makers say."""

from __future__ import annotations

import torch

TFLOPS = {
    "GB300": 2500.0,
    "GB200": 2500.0,
    "B300": 2250.0,
    "B200": 2250.0,
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100": 989.0,
    "H800": 989.0,
    "H20": 148.0,
    "A100": 312.0,
    "A800": 312.0,
    "L40S": 362.0,
    "RTX 5090": 209.0,
    "RTX 4090": 165.0,
}
"""By what their names hold; the first that does."""


def peak_tflops(device: torch.device) -> float | None:
    """TFLOP/s of a device; None where it is not known."""
    return None if device.type != "cuda" else tflops_of(torch.cuda.get_device_name(device))


def tflops_of(name: str) -> float | None:
    """TFLOP/s of a GPU by its name."""
    return next((tflops for part, tflops in TFLOPS.items() if part in name), None)
