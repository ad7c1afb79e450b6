"""Low-rank changes of a base that rests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from model.nets.dit import DiT
from model.nets.param_groups import PUBLIC, part
from model.nets.sizes import Sizes
from model.planning.flops import parameters
from model.train import checkpoint
from model.train.load import last_of, trained_weights
from model.train.phases import body, everything, face, taught
from storage.weight_files import write_weights
from tests.model.nets_inputs import awake, noisy, seed, small, some_conditions
from tests.model.train.runs import tiny_sizes, train, training


def public(sizes: Sizes) -> dict[str, Tensor]:
    """A base of these sizes."""
    return {name: value for name, value in awake(sizes).state_dict().items() if part(name) in PUBLIC}


def test_a_fresh_change_changes_nothing_and_leaves_all_else_as_it_was() -> None:
    plain, changed = DiT(small(), seed(0)), DiT(small(lora=3), seed(0))
    found = changed.state_dict()
    assert all(torch.equal(found[name], value) for name, value in plain.state_dict().items())
    conditions = some_conditions()
    assert torch.equal(plain(*noisy(conditions), conditions), changed(*noisy(conditions), conditions))


def test_it_is_counted() -> None:
    net = DiT(small(lora=3), seed(0))
    values = sum(weight.numel() for name, weight in net.named_parameters() if part(name) == "lora")
    assert parameters(small(lora=3))["lora"] == values == 2 * 3 * (6 * 2 * 48 + 2 * (48 + 96))
    assert "lora" not in parameters(small())


def test_phases_teach_it_in_place_of_the_base() -> None:
    assert taught(body(1), 4).learning == ("lora", "pose", "reference", "no_reference")
    assert taught(everything(1), 4).learning[0] == "lora"
    assert taught(face(1), 4) == face(1)
    assert taught(body(1), 0) == body(1)


def test_a_run_teaches_it_and_gives_the_base_with_it(data_set: Path, tmp_path: Path) -> None:
    write_weights(tmp_path / "base", public(tiny_sizes()).items())
    how: dict[str, Any] = {"base": tmp_path / "base", "dtype": "bfloat16", "phases": (body(2), face(1))}
    train(data_set, tmp_path / "run", training(sizes=replace(tiny_sizes(), lora=2), **how))
    first, last = checkpoint.checkpoints(tmp_path / "run")
    begun, ended = checkpoint.weights_of(first), checkpoint.weights_of(last)
    name = "blocks.0.ffn.0"
    assert begun[f"{name}.lora_b"].any()
    for weight in ("patch_embedding.weight", f"{name}.weight", "no_caption"):
        assert torch.equal(begun[weight], ended[weight])
    found = trained_weights(last_of(tmp_path / "run"), "last")
    assert not [weight for weight in found if "lora" in weight]
    change = ended[f"{name}.lora_b"] @ ended[f"{name}.lora_a"]
    torch.testing.assert_close(found[f"{name}.weight"], ended[f"{name}.weight"] + change)
    assert torch.equal(found["patch_embedding.weight"], ended["patch_embedding.weight"])
    assert found.outlines.keys() == set(found)


def test_without_a_base_there_is_nothing_to_change() -> None:
    with pytest.raises(ValueError, match=r"lora changes a base: give one"):
        training(sizes=small(lora=2))
