"""What `understudy doctor` says of stacks whose files are missing, wrong or another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.cli import main
from jobs.recipes.curation import RESEARCH


def told(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, Any]:
    code = main(["doctor", "--json", *map(str, args)])
    return code, json.loads(capsys.readouterr().out)


def test_files_of_each_recipe_are_told_without_asking_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, facts = told(capsys)
    assert (code, facts["missing"]) == (0, [])
    assert facts["files_missing"] == {"embedded": [], "research": [file.name for file in RESEARCH]}


def test_a_recipe_that_cannot_start_says_what_each_role_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hamer.ckpt").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    (tmp_path / "MANO_RIGHT.pkl").write_bytes(b"none")
    (tmp_path / "ViT-L-14.pt").write_bytes(b"another")
    code, facts = told(capsys, "--recipe", "research", "--weights", tmp_path, "--embedded", "head")
    assert code == 1
    lacking = [file.name for file in RESEARCH if file.role != "head" and file.role != "hands"]
    assert facts["files_missing"]["research"] == lacking  # CLIP's is another by its digest
    by_role = dict(line.split(": ", 1) for line in facts["missing"])
    assert set(by_role) == {"person", "body", "hands", "appearance"}
    assert "there is no file" in by_role["body"]
    assert "hamer.ckpt" in by_role["hands"]


def test_a_recipe_needs_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--recipe", "research"]) == 2
    assert "needs --weights" in capsys.readouterr().err
