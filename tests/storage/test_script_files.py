"""Archives of TorchScript: their tensors by name, bounds before memory, and nothing of them run."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from storage.script_files import is_script, read_script


class Two(torch.nn.Module):
    """A layer, and a scaled table."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
        self.register_buffer("table", torch.arange(6, dtype=torch.int64).reshape(2, 3).T)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layer(x)
        return result


@pytest.fixture(scope="module")
def module() -> Two:
    return Two().half()


@pytest.fixture(scope="module")
def path(module: Two, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import warnings

    path = tmp_path_factory.mktemp("script") / "two.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its own archives deprecated
        torch.jit.save(torch.jit.script(module), path)
    return path


def rewritten(path: Path, to: Path, part: str, content: bytes) -> Path:
    """The archive with another content of one part."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for entry in old.infolist():
            own = content if entry.filename.endswith(part) else old.read(entry)
            new.writestr(entry.filename, own, zipfile.ZIP_STORED)
    return to


def test_tensors_are_those_of_the_state_dict(module: Two, path: Path) -> None:
    found = read_script(path)
    assert is_script(path)
    assert found.keys() == module.state_dict().keys()
    for name, tensor in module.state_dict().items():
        assert found[name].dtype == tensor.dtype
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0)


def test_others_are_none(tmp_path: Path, module: Two) -> None:
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    (tmp_path / "text.pt").write_bytes(b"PK and no zip")
    for name in ("weights.pt", "text.pt", "gone.pt"):
        assert not is_script(tmp_path / name)
    with pytest.raises(ValueError, match=r"weights\.pt: not an archive .* no module is described"):
        read_script(tmp_path / "weights.pt")


@pytest.mark.parametrize("part", ["data/0", "data/1"])
def test_fewer_numbers_than_are_said_are_refused(path: Path, tmp_path: Path, part: str) -> None:
    with pytest.raises(ValueError, match="not as many as is said"):
        read_script(rewritten(path, tmp_path / "short.pt", part, b"\0\0"))


class Trap:
    """Makes a file when a reader calls what it names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.path), "w")


def test_nothing_of_it_is_run(path: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    hostile = rewritten(path, tmp_path / "trap.pt", "data.pkl", pickle.dumps({"weight": Trap(sprung)}, 2))
    assert read_script(hostile) == {}
    assert not sprung.exists()


def test_a_tensor_larger_than_its_numbers_is_refused(path: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        told = archive.read(name)
    assert told.count(b"(K\x02K\x03t") == 1  # the layer's shape
    larger = told.replace(b"(K\x02K\x03t", b"(K\x02K\xfft")
    with pytest.raises(ValueError, match="read safely"):
        read_script(rewritten(path, tmp_path / "large.pt", "data.pkl", larger))
