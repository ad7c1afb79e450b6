"""Archives of torch: bounded, held against their files, and never run."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from storage.torch_files import read_torch_content
from storage.weight_files import read_weights


class Settings(dict):  # type: ignore[type-arg]
    """Stands for the settings object that a trainer saves with its weights; readers do not have its class."""

    def __init__(self, **values: object) -> None:
        super().__init__(values)
        self.frozen = True


class Runs:
    """Pickles into a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


PAYLOADS = {
    "system": lambda trap: Runs(os.system, f"touch {trap}"),
    "print": lambda _: Runs(print, "HOSTILE CODE RAN"),
    "eval": lambda trap: Runs(eval, f"open({str(trap)!r}, 'w')"),
    "getattr": lambda trap: Runs(getattr, Runs(__import__, "os"), "mkdir"),
    "open": lambda trap: Runs(builtins.open, str(trap), "w"),
    "jit": lambda trap: Runs(torch.load, str(trap)),
    "nested": lambda trap: Runs(list, Runs(os.listdir, "/"), Runs(os.mkdir, str(trap))),
}


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("zipped", [True, False])
def test_hostile_files_run_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, zipped: bool
) -> None:
    trap, file = tmp_path / "trap", tmp_path / "x.ckpt"
    content = {"state_dict": {"a": torch.ones(1)}, "extra": PAYLOADS[name](trap)}
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    try:
        assert list(read_weights(file)) == ["a"]
    except ValueError:
        assert not zipped or name == "nested"
    assert not trap.exists()
    assert "HOSTILE" not in "".join(capfd.readouterr())


def test_the_payloads_would_run(tmp_path: Path) -> None:
    file, trap = tmp_path / "x.ckpt", tmp_path / "trap"
    torch.save(PAYLOADS["system"](trap), file)
    torch.load(file, weights_only=False)
    assert trap.exists()


def test_torchscript_is_not_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        for name in ("x/data.pkl", "x/constants.pkl", "x/code/__torch__.py"):
            archive.writestr(name, pickle.dumps({}))
    with pytest.raises(ValueError, match="an archive of something else than weights"):
        read_weights(tmp_path / "x.pt")


def test_names_of_parts_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps({}))
        archive.writestr("\u00e9\u00e9", b"")  # a name that is marked as UTF-8
    file.write_bytes(file.read_bytes().replace("\u00e9\u00e9".encode(), b"\xff" * 4))
    with pytest.raises(ValueError, match="can be read safely"):
        read_weights(file)


def test_compressed_archives_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", pickle.dumps(Settings()))
        archive.writestr("x/version", "3")
        archive.writestr("x/data/0", bytes(10**6))
    with pytest.raises(ValueError, match="compressed"):
        read_weights(tmp_path / "bomb.pt")


def test_what_would_unpack_to_gigabytes_is_refused_before(shared: Path) -> None:
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from storage.weight_files import read_weights\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    read_weights(Path(sys.argv[1]))\n"
        "except ValueError as error:\n"
        "    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    file = shared / "cases/hostile/deflated_2_GiB.pth"
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    output, grown = done.stdout.splitlines()
    assert "compressed, which no PyTorch checkpoint is" in output
    assert int(grown) < 50_000  # KiB


def zip_of(file: Path, **changes: int) -> None:
    """A checkpoint whose list of parts says otherwise of the tensor's."""
    torch.save({"a": torch.ones(64)}, file)
    data = bytearray(file.read_bytes())
    at = data.index(b"PK\1\2", data.rindex(b"data/0") - 60)
    for field, value in changes.items():
        place = {"packed": 20, "size": 24, "method": 10}[field]
        data[at + place : at + place + 2] = value.to_bytes(2, "little")
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": 8}, "compressed"),
        ({"size": 60_000}, "parts of two sizes each"),
        ({"size": 60_000, "packed": 60_000}, "parts that lie over each other"),
    ],
)
def test_parts_are_held_against_the_file(tmp_path: Path, changes: dict[str, int], words: str) -> None:
    zip_of(tmp_path / "x.pth", **changes)
    with pytest.raises(ValueError, match=words):
        read_weights(tmp_path / "x.pth")


def saved(content: object) -> bytes:
    """A checkpoint's bytes."""
    opened = io.BytesIO()
    torch.save(content, opened)
    return opened.getvalue()


def test_content_that_is_read_holds_tensors_by_name() -> None:
    assert read_torch_content(saved({"a": torch.ones(2)}), "the file")["a"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="the file: holds something else than tensors by name"):
        read_torch_content(saved({"a": 1}), "the file")


@pytest.mark.parametrize("name", PAYLOADS)
def test_hostile_content_runs_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="the file: not a checkpoint that can be read safely"):
        read_torch_content(saved({"a": PAYLOADS[name](tmp_path / "trap")}), "the file")
    assert not (tmp_path / "trap").exists()


def test_compressed_content_is_refused() -> None:
    opened = io.BytesIO()
    with zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", pickle.dumps({}))
        archive.writestr("x/data/0", bytes(10**6))
    with pytest.raises(ValueError, match="the file: compressed"):
        read_torch_content(opened.getvalue(), "the file")
