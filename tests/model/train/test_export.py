"""A run's network as a folder that others load."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.nets.init import begins_as_zero
from model.nets.param_groups import PUBLIC, part
from model.nets.pretrained.wan import ours, theirs
from model.train import checkpoint
from model.train.export import Layout, export, from_pretrained
from model.train.phases import body
from model.train.starts import Start, note_start
from storage.stored_weights import StoredWeights
from tests.model.nets_inputs import awake, noisy, small, some_conditions
from tests.model.train.runs import train, training


@pytest.fixture(scope="module")
def run(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps."""
    folder = tmp_path_factory.mktemp("exported")
    settings = training(phases=(body(2),))
    train(data_set, folder, settings)
    facts = {"index_sha256": ("a" * 64,), "canvas_area": 4096, "ranks": 1, "device": "cpu", "code": "abc"}
    plain = settings.as_plain()
    note_start(folder, Start(data=("set",), recipe="tiny", settings=plain, versions={}, **facts))  # type: ignore[arg-type]
    return folder


@pytest.mark.parametrize("layout", ["safetensors", "diffusers"])
def test_what_is_written_is_read_back(run: Path, tmp_path: Path, layout: Layout) -> None:
    export(run, tmp_path / "out", layout, "average", "float32")
    net = from_pretrained(tmp_path / "out", dtype="float32")
    expected = checkpoint.averages_of(checkpoint.checkpoints(run)[-1])
    assert net.state_dict().keys() == set(expected)
    assert all(torch.equal(value, expected[name]) for name, value in net.state_dict().items())
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| phases | body (2 steps) |" in card
    assert "weights averaged over steps" in card
    with pytest.raises(ValueError, match="out: is not empty"):
        export(run, tmp_path / "out", layout, "average", "float32")


def test_bfloat16_leaves_float32_what_stays_so(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "out", "safetensors", "last", "bfloat16")
    found = StoredWeights.of(tmp_path / "out").outlines
    assert found["blocks.0.ffn.0.weight"].dtype == torch.bfloat16
    for name in ("blocks.0.modulation", "face.motion.model.bn1.running_mean"):
        assert found[name].dtype == torch.float32
    assert from_pretrained(tmp_path / "out").blocks[0].modulation.dtype == torch.float32


@torch.no_grad()
def test_diffusers_loads_the_base_and_says_what_it_says(run: Path, tmp_path: Path) -> None:
    from diffusers import WanTransformer3DModel

    export(run, tmp_path / "out", "diffusers", "last", "float32")
    folder = tmp_path / "out" / "transformer"
    base = WanTransformer3DModel.from_config(WanTransformer3DModel.load_config(str(folder)))
    base.load_state_dict(dict(StoredWeights.of(folder)))
    listed = json.loads((folder / "diffusion_pytorch_model.safetensors.index.json").read_text())
    assert listed["weight_map"].keys() == base.state_dict().keys()
    assert listed["metadata"]["total_size"] == 4 * sum(
        weight.numel() for weight in base.state_dict().values()
    )
    net = from_pretrained(tmp_path / "out", dtype="float32")
    for name, weight in net.named_parameters():
        if begins_as_zero(name) and not name.startswith("head."):
            weight.zero_()  # as in a fresh network, which says what its base says
    given = some_conditions(references=0)
    text = torch.randn(2, 5, net.sizes.text_width, generator=torch.Generator().manual_seed(3))
    nothing = torch.zeros(2, dtype=torch.bool)
    conditions = replace(given, faces=None, text=text, first_given=nothing, motion_seen=nothing)
    noise, times = noisy(conditions)
    found = base(noise, 1000 * times, text).sample
    torch.testing.assert_close(found, net(noise, times, conditions), rtol=1e-4, atol=1e-4)


def test_names_of_diffusers_and_ours_are_one_to_one() -> None:
    names = [name for name in awake(small()).state_dict() if part(name) in PUBLIC]
    assert [ours(theirs(name)) for name in names] == names
    assert len({theirs(name) for name in names}) == len(names)


def test_a_folder_that_is_no_network_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an exported network"):
        from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"understudy": 9, "layout": "safetensors", "sizes": {}}))
    with pytest.raises(ValueError, match="9; this code reads 1"):
        from_pretrained(tmp_path)
