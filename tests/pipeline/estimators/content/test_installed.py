from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.core import EstimatorUnavailable
from pipeline.estimators.content.installed import Extra

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Extra:
    """A package whose code breaks, with one empty file."""
    (tmp_path / "made_up_reader" / "models").mkdir(parents=True)
    (tmp_path / "made_up_reader" / "__init__.py").write_text("raise AssertionError")
    (tmp_path / "made_up_reader" / "models" / "a.onnx").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return Extra(name="reading", package="made_up_reader", sha256={"models/a.onnx": EMPTY})


def test_the_folder_is_found_and_no_code_is_run(extra: Extra, tmp_path: Path) -> None:
    assert extra.folder() == tmp_path / "made_up_reader"


def test_a_package_that_is_not_installed_names_its_extra(extra: Extra) -> None:
    with pytest.raises(
        EstimatorUnavailable, match=r"^no_such is not installed: install the extra `reading`$"
    ):
        replace(extra, package="no_such").folder()


@pytest.mark.parametrize("name", ["models/a.onnx", "models/b.onnx"])
def test_other_files_are_refused(extra: Extra, name: str) -> None:
    with pytest.raises(EstimatorUnavailable, match=f"{name} is not the file that it should be: install"):
        replace(extra, sha256={name: "0" * 64}).folder()
