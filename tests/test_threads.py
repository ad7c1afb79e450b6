"""Test processes and what they start share the cores: each computes on one."""

from __future__ import annotations

import sys

import torch

from tests.processes import execute


def test_torch_keeps_one_thread_here_and_in_programs() -> None:
    assert torch.get_num_threads() == 1
    said = execute(sys.executable, "-c", "import torch; print(torch.get_num_threads())").stdout
    assert said == "1\n"
