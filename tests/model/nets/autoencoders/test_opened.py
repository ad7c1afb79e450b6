"""Autoencoders of strangers are files; what is none is refused and never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from model.nets.autoencoders.opened import open_codec
from model.nets.pretrained.folders import network_digest
from storage.regular_file import NotAFileError

CPU = torch.device("cpu")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["codec", "vae/config.json", "vae/model.safetensors"])
def test_a_fifo_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "vae").mkdir()
    os.mkfifo(tmp_path / name)
    path = tmp_path / Path(name).parts[0]
    with pytest.raises(ValueError, match=r"a FIFO; only regular files|No plain file"):
        open_codec(path, CPU, torch.float32)
    with pytest.raises(NotAFileError, match="a FIFO"):
        network_digest(path, torch.float32)


def test_the_digest_is_that_of_all_files(tmp_path: Path) -> None:
    for name in ("config.json", "a.safetensors", "notes.txt"):
        (tmp_path / name).write_text(name)
    first = network_digest(tmp_path, torch.float32)
    (tmp_path / "notes.txt").write_text("other")
    assert network_digest(tmp_path, torch.float32) == first
    assert network_digest(tmp_path, torch.bfloat16) != first
    (tmp_path / "a.safetensors").write_text("other")
    assert network_digest(tmp_path, torch.float32) != first
