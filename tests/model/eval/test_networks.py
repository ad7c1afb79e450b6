"""Files of weights, as networks take them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from model.eval import networks
from model.eval.networks import WeightFiles, digests, load_networks

CPU = "cpu"


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)
        self.bn = nn.BatchNorm2d(2)


def test_weights_are_taken_by_name_and_what_is_more_is_left(tmp_path: Path) -> None:
    net = Small()
    weights = {f"module.{name}": tensor + 1 for name, tensor in net.state_dict().items()}
    del weights["module.bn.num_batches_tracked"]  # older files have no counters
    networks.load(net, {**weights, "module.fc.weight": torch.zeros(3)}, tmp_path)
    assert float(net.state_dict()["bn.running_mean"][0]) == 1.0
    with pytest.raises(ValueError, match=r"conv\.weight is missing or of another shape"):
        networks.load(net, {**weights, "module.conv.weight": torch.zeros(2, 3)}, tmp_path)


def test_files_that_belong_together_are_asked_for_together(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="LPIPS needs two files"):
        load_networks(WeightFiles(alex=tmp_path / "a.safetensors"), CPU)
    with pytest.raises(ValueError, match="not this network's weights"):
        load_networks(WeightFiles(resnet3d=tmp_path / "a.safetensors"), CPU)
    with pytest.raises(ValueError, match="no such file of weights"):
        load_networks(WeightFiles(inception=tmp_path), CPU)
    alone = load_networks(WeightFiles(), CPU)
    assert [name for name, net in vars(alone).items() if net is not None] == ["effnet"]


def test_a_digest_tells_one_file_from_another(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    found = digests(WeightFiles(i3d=tmp_path / "a", alex=tmp_path / "b"))
    assert found.keys() == {"i3d", "alex"}
    assert len(set(found.values())) == 2
