"""Weight files of friends and of strangers."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from storage import torch_files
from storage import weight_files as checkpoints
from storage.torch_files import read_torch
from storage.weight_files import by_pattern, check_keys, read_weights
from tests.mutants import mutants


class Settings(dict):  # type: ignore[type-arg]
    """Stands for the settings object that a trainer saves with its weights; readers do not have its class."""

    def __init__(self, **values: object) -> None:
        super().__init__(values)
        self.frozen = True


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return found.keys() == expected.keys() and all(
        found[name].dtype == tensor.dtype and torch.equal(found[name], tensor)
        for name, tensor in expected.items()
    )


@pytest.fixture
def weights() -> dict[str, Tensor]:
    base = torch.arange(12.0).view(3, 4)
    return {"a.weight": base.t(), "a.half": base.bfloat16(), "b.count": torch.tensor(3)}


def test_plain_files_are_read(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    torch.save(weights, tmp_path / "new.pth")
    torch.save(OrderedDict(weights), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, tmp_path / "x.safetensors")
    for name in ("new.pth", "old.pth", "x.safetensors"):
        assert same(read_weights(tmp_path / name), weights), name


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "network"])
def test_weights_are_found_beside_settings(tmp_path: Path, weights: dict[str, Tensor], key: str) -> None:
    parameters = {name: torch.nn.Parameter(x, requires_grad=False) for name, x in weights.items()}
    content = {"epoch": 3, "hyper_parameters": Settings(lr=0.1), key: parameters, "callbacks": {Settings: 1}}
    torch.save(content, tmp_path / "lightning.ckpt")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "lightning.ckpt", weights_only=True)
    found = read_weights(tmp_path / "lightning.ckpt")
    assert same(found, weights)
    assert not any(tensor.requires_grad for tensor in found.values())


def test_settings_stay_readable(tmp_path: Path) -> None:
    torch.save({"cfg": Settings(lr=0.1), "state_dict": {}}, tmp_path / "x.ckpt")
    cfg = read_torch(tmp_path / "x.ckpt")["cfg"]
    assert dict(cfg) == {"lr": 0.1, "frozen": True}
    assert type(cfg) is not Settings


def test_a_folder_is_read_as_its_index_says(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    for number, (name, tensor) in enumerate(weights.items()):
        save_file({name: tensor.contiguous()}, tmp_path / f"part-{number}.safetensors")
    assert same(read_weights(tmp_path), weights)
    index = {"weight_map": {"a.weight": "part-0.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert list(read_weights(tmp_path)) == ["a.weight"]
    index["weight_map"]["a.weight"] = "../part-0.safetensors"
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="outside its folder"):
        read_weights(tmp_path)


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"a": torch.ones(1000), "cfg": Settings()}, tmp_path / "x.pt")
    monkeypatch.setattr(torch_files, "MAX_PICKLE_BYTES", 10)
    with pytest.raises(ValueError, match="description of its tensors is too large"):
        read_weights(tmp_path / "x.pt")
    monkeypatch.setattr(checkpoints, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="GiB are read"):
        read_weights(tmp_path / "x.pt")


def test_lists_are_held_against_what_they_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.pth"
    torch.save({"a": torch.ones(2)}, file)
    file.write_bytes(file.read_bytes() + b"behind it")
    with pytest.raises(ValueError, match="no end of a zip"):
        read_weights(file)
    torch.save({"a": torch.ones(2)}, file)
    monkeypatch.setattr(torch_files, "MAX_LIST_BYTES", 100)
    with pytest.raises(ValueError, match="list of parts is too large"):
        read_weights(file)
    (tmp_path / "x.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match="list of tensors is too large"):
        read_weights(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    "listed", ["[]", "{}", '{"weight_map": []}', '{"weight_map": {"a": 7}}', "NaN", "[" * 10**5, "{"]
)
def test_lists_of_files_that_are_none_are_named(
    tmp_path: Path, weights: dict[str, Tensor], listed: str
) -> None:
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, tmp_path / "a.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(listed)
    with pytest.raises(ValueError, match=r"index\.json"):
        read_weights(tmp_path)


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("x.pth", "x.safetensors", "model.safetensors.index.json"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(ValueError, match=r"no such file|No plain file"):
            read_weights(tmp_path if name.endswith("json") else tmp_path / name)


def test_mutants_are_read_or_named(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    torch.save(weights, tmp_path / "new.pth")
    torch.save({"state_dict": weights, "hyper_parameters": Settings(a=1)}, tmp_path / "set.pth")
    torch.save(weights, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, tmp_path / "x.safetensors")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name, data in mutants(files, 200):
        (tmp_path / name).write_bytes(data)
        with suppress(ValueError):
            read_weights(tmp_path / name)


def test_tensors_beyond_their_file_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(4), "cfg": Settings()}, tmp_path / "x.pt")
    changed = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "x.pt") as source, zipfile.ZipFile(changed, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename.endswith("data.pkl"):  # a stride of 1 becomes one of 100
                assert content.count(b"K\x04\x85q") == 1
                content = content.replace(b"K\x04\x85q", b"K\xff\x85q")
            target.writestr(entry.filename, content)
    (tmp_path / "x.pt").write_bytes(changed.getvalue())
    with pytest.raises(ValueError, match="not a checkpoint"):
        read_weights(tmp_path / "x.pt")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken", b"\x80\x02]q\x00."])
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_other_files_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    file = tmp_path / f"x.{suffix}"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=str(file)):
        read_weights(file)


def test_files_without_weights_are_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"epoch": 3, "blocks.0.note": "x", "blocks.1.note": "y"}, tmp_path / "notes.pt")
    with pytest.raises(ValueError, match="holds a list, not weights by name"):
        read_weights(tmp_path / "list.pt")
    with pytest.raises(ValueError, match=r"no tensors by name, only blocks\.\*\.note \(2\), epoch"):
        read_weights(tmp_path / "notes.pt")
    with pytest.raises(ValueError, match="no such file"):
        read_weights(tmp_path / "nowhere.pt")
    with pytest.raises(ValueError, match="no such file"):
        read_weights(tmp_path / "list.pt" / "x")


def test_patterns() -> None:
    names = [f"m.{i}.bias" for i in range(12)] + ["m.0.a.3.weight", "m.1.a.4.weight", "conv1.weight"]
    assert by_pattern(names) == "conv1.weight, m.*.a.*.weight (2), m.*.bias (12)"


def test_keys_that_fit_are_silent() -> None:
    check_keys({"a": torch.zeros(2)}, {"a": torch.ones(2)}, "x")
    with pytest.raises(ValueError, match=r"^x: missing: b; shapes: a \(2,\) for \(3,\)$"):
        check_keys({"a": torch.zeros(2)}, {"a": torch.ones(3), "b": torch.ones(1)}, "x")
    with pytest.raises(ValueError, match=r"^x: types: a torch\.int64$"):
        check_keys({"a": torch.zeros(2).long()}, {"a": torch.ones(2)}, "x")
