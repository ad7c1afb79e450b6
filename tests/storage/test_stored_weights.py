"""Tensors that are read when they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from storage.stored_weights import StoredWeights
from storage.weight_files import write_weights

WEIGHTS = {
    "a.weight": torch.arange(6.0).view(2, 3),
    "b.bias": torch.ones(2, dtype=torch.bfloat16),
    "c.count": torch.tensor(7),
}


def test_what_several_processes_wrote_is_one_set_of_tensors(tmp_path: Path) -> None:
    pairs = list(WEIGHTS.items())
    write_weights(tmp_path / "x", pairs[:2], prefix="000-")
    write_weights(tmp_path / "x", pairs[2:], prefix="001-")
    found = StoredWeights.of(tmp_path / "x")
    assert set(found) == set(WEIGHTS)
    assert len(found) == 3
    for name, value in WEIGHTS.items():
        assert torch.equal(found[name], value)
        outline = found.outlines[name]
        assert (outline.shape, outline.dtype, outline.is_meta) == (value.shape, value.dtype, True)


def test_others_may_stand_in_for_some(tmp_path: Path) -> None:
    write_weights(tmp_path / "x", WEIGHTS.items())
    write_weights(tmp_path / "y", {"a.weight": torch.zeros(2, 3)}.items())
    found = StoredWeights.of(tmp_path / "x") | StoredWeights.of(tmp_path / "y")
    assert not found["a.weight"].any()
    assert torch.equal(found["c.count"], WEIGHTS["c.count"])


def test_a_file_that_is_cut_off_or_no_safetensors_is_refused(tmp_path: Path) -> None:
    write_weights(tmp_path / "x", WEIGHTS.items())
    (file,) = (tmp_path / "x").glob("*")
    whole = file.read_bytes()
    file.write_bytes(whole[:-4])
    with pytest.raises(ValueError, match="not a safetensors file"):
        StoredWeights.of(tmp_path / "x")
    file.write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(ValueError, match="not a safetensors file"):
        StoredWeights.of(file)


@pytest.mark.parametrize("name", ["none.safetensors", "empty"])
def test_no_weights_are_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=f"{name}: no such file of weights, or it is empty"):
        StoredWeights.of(tmp_path / name)
